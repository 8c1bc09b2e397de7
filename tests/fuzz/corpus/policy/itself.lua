local x = require 'fuzz'
