return policy { name = 
