export type { Call, CallContext, Principal } from './call.ts';
export { type DirectInput, type DirectRoute, directRoute } from './direct.ts';
export { type FindFile, filesAt, type ServedFile, serveFilesBelow } from './files.ts';
export { healthRoutes, type ReadinessCheck } from './health.ts';
export { type Authenticate, mount } from './mount.ts';
export { type Page, pageOf, pagingOf } from './paging.ts';
export {
  createHttpServer,
  type HttpReply,
  type HttpRequest,
  type HttpServer,
  type HttpServerOptions,
} from './server.ts';
export { serviceAuthentication } from './service-authentication.ts';
export { checkValue } from './validation.ts';
