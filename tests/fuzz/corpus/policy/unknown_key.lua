return policy { nmae = 'x' }
