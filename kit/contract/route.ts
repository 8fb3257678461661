import type { Static, TObject, TSchema } from 'typebox';
import type { Call } from '../http/call.ts';

/** Who may call a route; part of its declaration, checked before its handler. */
export type Access =
  /** Anyone; an `Authorization` header is ignored. */
  | { kind: 'public' }
  /** Any user with a valid token. */
  | { kind: 'signed_in' }
  /** A token that holds all these scopes. */
  | { kind: 'scopes'; scopes: readonly string[] }
  /** Another process of the platform, named in the callee's settings. */
  | { kind: 'internal' };

/**
 * A route without its handler. One declaration gives types, validation, the response allow-list, OpenAPI and the
 * typed client.
 */
export type RouteDeclaration = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  /** Other paths that answer the same (old spellings). */
  also?: readonly { method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'; path: string }[];
  summary: string;
  description?: string;
  tag: string;
  access: Access;
  params?: TObject;
  query?: TObject;
  body?: TSchema;
  /** Status of success. */
  status?: number;
  /** Others that a handler may answer, with a body of the same form. */
  also_statuses?: readonly number[];
  /** `reference`: the v2.0 envelope around `data`; `plain`: `data` is the whole body. */
  envelope: 'reference' | 'plain';
  data: TSchema;
  /** What a normal read must not return: client secret, upload addresses, current authentication method. */
  urgent?: TSchema;
  /** The answer carries `paging`. */
  paged?: boolean;
  /** Largest request body, bytes; 1 MiB when absent. */
  body_limit_bytes?: number;
  /** Calls per minute and address; for public routes that could be guessed at. */
  rate_limit_per_minute?: number;
  /** Stored answers are replayed for `Idempotency-Key`; set false where that would be wrong. */
  idempotent?: boolean;
};

export type Contract = Record<string, RouteDeclaration>;

/** Declares a route, keeping its literal types. */
export function route<const Declaration extends RouteDeclaration>(declaration: Declaration): Declaration {
  return declaration;
}

type Part<Declaration, Name extends string> = Declaration extends { [Key in Name]: infer Schema extends TSchema }
  ? Static<Schema>
  : undefined;

/** What a handler receives and a client sends. */
export type RouteInput<Declaration extends RouteDeclaration> = {
  [Name in 'params' | 'query' | 'body' as Part<Declaration, Name> extends undefined ? never : Name]: Part<
    Declaration,
    Name
  >;
};

export type Paging = { page_number: number; page_size: number; total_entries: number; total_pages: number };

/** What a handler of a `reference` route returns. */
export type Reply<Declaration extends RouteDeclaration> = {
  data: Static<Declaration['data']>;
  urgent?: Part<Declaration, 'urgent'>;
  paging?: Paging;
  /** When it is not `status` of the declaration, one of its `also_statuses`. */
  status?: number;
  headers?: Record<string, string>;
};

/** `reference`: a reply with data, urgent, paging; `plain`: the data themselves. */
export type RouteOutput<Declaration extends RouteDeclaration> = Declaration['envelope'] extends 'reference'
  ? Reply<Declaration>
  : Static<Declaration['data']>;

/** One function per route of a contract. */
export type Handlers<Routes extends Contract> = {
  [Name in keyof Routes]: (input: RouteInput<Routes[Name]>, call: Call) => Promise<RouteOutput<Routes[Name]>>;
};
