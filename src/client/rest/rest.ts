/** Entry "./rest": a cloud API for faces, answered inside the page. Named re-exports, no logic. */
export { createRestHandler, type RestHandler, type RestOptions } from './handler.js';
export { serveRest } from './serve.js';
