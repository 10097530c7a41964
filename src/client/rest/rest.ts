/** Entry "./rest": a cloud-style REST API for faces, served inside the page. Contains only named re-exports. */
export { createRestHandler, type RestHandler, type RestOptions } from './handler.js';
export { serveRest } from './serve.js';
