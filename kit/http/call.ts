import type { Logger } from '../log/index.ts';

/** Who calls: a user, acting for a client (a legal entity or a MIS), with the scopes of the token. */
export type Principal = {
  user_id: string;
  /** Id of the token's client; of a clinic it is the id of its legal entity. */
  client_id: string;
  client_type: string;
  scopes: ReadonlySet<string>;
  /** The MIS whose `API-key` came with the request. */
  broker_id?: string;
};

/** What travels with every call between perimeters, so that audit rows name the real actor. */
export type CallContext = {
  request_id: string;
  actor_id?: string;
  client_id?: string;
  /** Of that client; for perimeters that show a clinic its own and the payer everything. */
  client_type?: string;
  /** Why personal data are asked for, in a word of the glossary. */
  purpose?: string;
};

/** One request as a handler sees it, beside its validated input. */
export type Call = {
  request_id: string;
  ip: string;
  log: Logger;
  /** Present on every route that is not public. */
  principal: Principal;
  /** For the calls that this one makes. */
  context: CallContext;
  /** Lower-case names. */
  headers: Record<string, string | string[] | undefined>;
};
