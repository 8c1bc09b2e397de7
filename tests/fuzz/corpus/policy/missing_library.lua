local x = require 'lib/none'
