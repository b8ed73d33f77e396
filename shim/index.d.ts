import WebSocket = require('wsimd/node');

export = WebSocket;
