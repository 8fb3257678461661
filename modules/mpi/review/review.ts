import { createReadAudit, type ReadAudit } from '@zdravo/kit/audit';
import type { Handlers } from '@zdravo/kit/contract';
import { openDatabase } from '@zdravo/kit/db';
import {
  type CallContext,
  createHttpServer,
  type HttpServer,
  healthRoutes,
  mount,
  serviceAuthentication,
} from '@zdravo/kit/http';
import { createKeyStore, KeyError, type KeyProvider, type KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { malformed, Problem } from '@zdravo/kit/problem';
import type { Kysely } from 'kysely';
import { askerOf } from '../asker.ts';
import type { Asker } from '../deps.ts';
import { refuseForeignEpochs, refuseForeignKeys } from '../linkage/key-check.ts';
import { sheet_epoch_scope, sheet_scope } from '../linkage/key-scopes.ts';
import type { Tables } from '../tables.ts';
import { createEpochReader, type EpochReader } from '../vault/epochs.ts';
import { assign, getOpen, open, postpone } from './assignments.ts';
import { contract, type ReviewedPair, type SheetField, SheetField as SheetFields } from './contract.ts';
import { models, reliability, reviewers } from './quality.ts';
import { openSheets, type SheetPair } from './sheets.ts';
import { putVote } from './votes.ts';

export type ReviewOptions = {
  database_url: string;
  keys_database_url: string;
  /** Shared with the index: opens each pair's part of a sheet, and nothing else of a person. */
  key_provider: KeyProvider;
  /** Opens what the index sealed for this process alone, where that is not the same; without it no sheet opens. */
  reviewer_key_provider?: KeyProvider;
  callers: Record<string, string>;
  log: Logger;
  pool_size?: number;
};

export type Review = { app: HttpServer; figures: readonly FigureSource[]; close(): Promise<void> };
type ReviewDeps = { db: Kysely<Tables>; keys: KeyStore; epochs: EpochReader; read_audit: ReadAudit; log: Logger };

export const review_role = 'zdravo_mpi_review';

/**
 * The reviewers' process: role and keys of its own, and of persons only the sheets of pairs that people are asked about.
 * @throws KeyError when its keys open none of the sheets; the hint tells the operator which file belongs here.
 */
export async function createReview(options: ReviewOptions): Promise<Review> {
  const { log, pool_size = 4 } = options;
  const open = <Of>(url: string, role: string, application_name: string) =>
    openDatabase<Of>({ url, role, application_name, log, pool_size });
  const database = open<Tables>(options.database_url, review_role, 'mpi-review');
  const keys_database = open(options.keys_database_url, 'zdravo_mpi_review_keys', 'mpi-review-keys');
  const { key_provider, reviewer_key_provider = key_provider } = options;
  const { pool } = keys_database;
  const deps: ReviewDeps = {
    db: database.db,
    keys: createKeyStore(pool, key_provider, sheet_scope),
    epochs: createEpochReader({ pool, provider: reviewer_key_provider, scope: sheet_epoch_scope, log }),
    read_audit: createReadAudit(database.db, 'mpi'),
    log,
  };
  const close = async () => {
    await Promise.all([database.close(), keys_database.close()]);
  };
  await refuseWrongKeys(deps).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  // Few, and this process has no jobs that would come to it later.
  await deps.epochs.store.rewrap();
  const app = createHttpServer({ log });
  mount(app, contract, createHandlers(deps), serviceAuthentication(options.callers));
  healthRoutes(app, async () => {
    await Promise.all([database.pool.query('select 1'), keys_database.pool.query('select 1')]);
  });
  return {
    app,
    figures: [poolFigures('mpi-review', [database.pool, pool])],
    close: async () => {
      await app.close();
      await close();
    },
  };
}

async function refuseWrongKeys({ db, keys, epochs, log }: ReviewDeps): Promise<void> {
  await refuseForeignEpochs(epochs, log, 'MPI_REVIEWER_KEY_FILE');
  const rows = await db
    .selectFrom('mpi.review_sheets')
    .select(['item_id as owner_id', 'ciphertext'])
    .orderBy('prepared_at', 'desc')
    .limit(5)
    .execute();
  const known = await epochs.keysOf(rows.map(({ ciphertext }) => ciphertext));
  const open = (key: Uint8Array, { owner_id, ciphertext }: (typeof rows)[number]) =>
    openSheets({ key, epochs: known }, owner_id, ciphertext);
  await refuseForeignKeys(keys, rows, { open, file: 'MPI_REVIEW_KEY_FILE' });
}

function createHandlers(deps: ReviewDeps): Handlers<typeof contract> {
  const { db } = deps;
  return {
    putAssignment: async (_input, call) => ({ item: await assign(db, reviewerOf(call.context).actor_id) }),
    listAssigned: (_input, call) => open(db, reviewerOf(call.context).actor_id),
    getPair: ({ params, query }, call) => getPair(deps, params.id, query.fields, reviewerOf(call.context)),
    putVote: ({ params, body }, call) => putVote(db, params.id, body, reviewerOf(call.context)),
    putPostponement: ({ params }, call) => postpone(db, params.id, reviewerOf(call.context).actor_id),
    putSeededPair: ({ params, body }) => putSeededPair(db, params.id, body),
    getQuality: async () => {
      const [diagram, people, versions] = await Promise.all([reliability(db), reviewers(db), models(db)]);
      return { reliability: diagram, reviewers: people, models: versions };
    },
  };
}

function reviewerOf(context: CallContext): Asker & { actor_id: string } {
  const asker = askerOf(context);
  if (asker.actor_id === null) throw malformed('Reviewing needs a reviewer (x-actor-id).', 'reviewer_required');
  return { ...asker, actor_id: asker.actor_id };
}

async function getPair(
  deps: ReviewDeps,
  id: string,
  asked: string | undefined,
  asker: Asker & { actor_id: string },
): Promise<ReviewedPair> {
  const names = fieldNames(asked);
  const item = await getOpen(deps.db, id, asker.actor_id);
  const sheets = await sheetsOf(deps, id);
  for (const name of names) {
    const purpose = asker.purpose ?? 'review';
    await deps.read_audit.record({
      ...asker,
      purpose,
      action: `review.shown.${name}`,
      resource: 'review_item',
      resource_id: id,
    });
  }
  return {
    ...item,
    agreement: Object.fromEntries(SheetFields.enum.map((name) => [name, agreementOf(sheets, name)])),
    fields: Object.fromEntries(names.map((name) => [name, [sheets[0][name] ?? null, sheets[1][name] ?? null]])),
  };
}

function fieldNames(asked = ''): SheetField[] {
  const names = asked.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !(SheetFields.enum as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw malformed(`fields names what no sheet has; expected some of ${SheetFields.enum.join(', ')}`, 'field_unknown');
  return names as SheetField[];
}

/** @throws Problem 503 `sheet_not_ready`; what does not open is taken away, so that the index prepares it anew. */
async function sheetsOf({ db, keys, epochs, log }: ReviewDeps, id: string): Promise<SheetPair> {
  try {
    const [row, key] = await Promise.all([
      db.selectFrom('mpi.review_sheets').select('ciphertext').where('item_id', '=', id).executeTakeFirst(),
      keys.find(id),
    ]);
    if (row && key) return openSheets({ key, epochs: await epochs.keysOf([row.ciphertext]) }, id, row.ciphertext);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    log.error({ err: error, review_item_id: id }, `the sheet of a pair does not open: ${error.hint}`);
    if (error.code === 'key_refused') await db.deleteFrom('mpi.review_sheets').where('item_id', '=', id).execute();
  }
  throw new Problem({
    status: 503,
    code: 'sheet_not_ready',
    message: 'This pair is being prepared for review.',
    retry_after_s: 60,
  });
}

function agreementOf(sheets: SheetPair, name: SheetField): 'equal' | 'different' | 'absent' {
  const [one, other] = [sheets[0][name], sheets[1][name]];
  if (one === undefined || other === undefined) return 'absent';
  return one === other ? 'equal' : 'different';
}

async function putSeededPair(
  db: Kysely<Tables>,
  id: string,
  { persons, expected }: { persons: [string, string]; expected: 'same' | 'different' },
): Promise<{ id: string }> {
  const [low_id, high_id] = [...persons].sort() as [string, string];
  if (low_id === high_id) throw malformed('A pair has two persons.', 'pair_malformed');
  await db
    .insertInto('mpi.review_items')
    .values({ id, kind: 'possible_duplicate', low_id, high_id, expected })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return { id };
}
