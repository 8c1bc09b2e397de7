return pcall(load, 'x')
