/**
 * `node:http` for processes that stay: an import of it by name also evaluates its WebSocket, which loads the whole of undici and takes
 * 16 MB resident; taken from the built-in module itself, only what is used is loaded. Types come from "node:http" as ever.
 */

export const { createServer, IncomingMessage, request, STATUS_CODES } = process.getBuiltinModule("node:http");
