/// <reference types="vite/client" />

/** Put in by the build (`build-pages.ts`). */
declare const page_route_addresses: import('@zdravo/kit/public-client').RouteAddresses<
  typeof import('../page-routes.ts').page_routes
>;
