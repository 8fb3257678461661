import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { InvitationPage } from './pages/invitation.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { RecoveryPage } from './pages/recovery.tsx';
import { SignInPage } from './pages/sign-in.tsx';
import { StartPage } from './pages/start.tsx';

export type SignInSearch = {
  client_id?: string;
  redirect_uri?: string;
  scope?: string;
  state?: string;
  email?: string;
};

/** Query members are texts, as they were written: ids and codes must not turn into numbers. */
function textual(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFoundPage });
const start = createRoute({ getParentRoute: () => root, path: '/', component: StartPage });
const sign_in = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignInPage });
const invite = createRoute({ getParentRoute: () => root, path: '/invite', component: InvitationPage });
const recover = createRoute({ getParentRoute: () => root, path: '/recover', component: RecoveryPage });
// Not part of the first bundle: who signs in does not read the reference.
const reference = createRoute({
  getParentRoute: () => root,
  path: '/api/docs',
  component: lazyRouteComponent(() => import('./pages/reference.tsx'), 'ReferencePage'),
});

export const router = createRouter({
  routeTree: root.addChildren([start, sign_in, invite, recover, reference]),
  parseSearch: textual,
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === '' ? '' : `?${text}`;
  },
});
