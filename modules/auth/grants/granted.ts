import type { IssuedToken } from '../tokens.ts';

/** What a login page does next. */
export type NextStep = 'REQUEST_APPS' | 'REQUEST_OTP' | 'REQUEST_FACTOR' | 'APPROVE_FACTOR' | 'UPDATE_PASSWORD';

/** A token that a grant earned, its refresh token where there is one, and the login pages' next step. */
export type Granted = { issued: IssuedToken; refresh?: IssuedToken; next_step?: NextStep };
