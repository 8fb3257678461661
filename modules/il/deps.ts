import type { Auth } from '@zdravo/auth';
import type { ReadAudit } from '@zdravo/kit/audit';
import type { Client } from '@zdravo/kit/client';
import type { Clock } from '@zdravo/kit/clock';
import type { Transaction } from '@zdravo/kit/db';
import type { Call } from '@zdravo/kit/http';
import type { KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { MessageQueue } from '@zdravo/kit/messages';
import type { Mcs } from '@zdravo/mcs';
import type { contract as MpiContract } from '@zdravo/mpi/contract';
import type { contract as ReviewContract } from '@zdravo/mpi/review-contract';
import type { contract as OpsContract } from '@zdravo/ops/contract';
import type { Prm, Within } from '@zdravo/prm';
import type { ProofSources, VerifierPool } from '@zdravo/signature';
import type { Kysely } from 'kysely';
import type { RequestLookup } from './declaration-requests/requests.ts';
import type { SigningWrites } from './declaration-requests/signing-writes.ts';
import type { Parameters } from './parameters/parameters.ts';
import type { PromiseKeeper } from './receipts/kept-promises.ts';
import type { Tables } from './tables.ts';

export type IlDatabase = Kysely<Tables>;
export type IlTransaction = Transaction<Tables>;

/** What the processes work with. */
export type IlDeps = {
  db: IlDatabase;
  clock: Clock;
  log: Logger;
  auth: Auth;
  prm: Prm;
  mpi: Client<typeof MpiContract>;
  ops: Client<typeof OpsContract>;
  /** The reviewers' process of the patient index. */
  reviews: Client<typeof ReviewContract>;
  mcs: Mcs;
  signatures: VerifierPool;
  /** Time-stamps and revocation data for what was signed; without them signed containers are not upgraded. */
  proofs?: ProofSources | undefined;
  messages: MessageQueue;
  /** A key per declaration request: dropped, its personal data cannot be read any more. */
  request_keys: KeyStore;
  read_audit: ReadAudit;
  /** Declaration requests by id; what is asked for at once is read together. */
  requests: RequestLookup;
  signing: SigningWrites;
  /** Keys the hashes of one-time codes; 32 bytes. */
  hash_key: Uint8Array;
  parameters: Parameters;
  /** Keeps what the log promised. */
  promises: PromiseKeeper;
  /** Where people's browsers find the pages, without a slash at the end. */
  web_url: string;
};

/** The other modules' part of a process's transaction. */
export function withinOf(transaction: IlTransaction, call: Pick<Call, 'context' | 'principal'>): Within {
  return { transaction, context: call.context, actor_id: call.principal.user_id };
}
