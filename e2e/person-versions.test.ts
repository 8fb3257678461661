import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startVersionsStage, type VersionsStage } from './versions-stage.ts';

// What `npm run audit` says when somebody with every password lays hands on the versions of persons.

let on: VersionsStage;
let ids: string[];

before(async () => {
  on = await startVersionsStage();
  ids = on.ids;
  await on.takeBatches();
  await on.writeAgain(0);
  await on.takeBatches();
  await on.logBatches();
});
after(() => on?.stage.close());

const tables = ['persons', 'version_batches', 'person_versions', 'batched_versions', 'unbatched_versions'];

/** Lays hands on the index, asks the audit, and takes them off again. */
async function attacked(work: () => Promise<unknown>, options = {}): Promise<string[]> {
  await on.logBatches();
  for (const table of tables) await on.mpi(`create table public.kept_${table} as table mpi.${table}`);
  try {
    await work();
    return await on.audit(options);
  } finally {
    const back = tables.map((table) => `delete from mpi.${table}; insert into mpi.${table} ${kept(table)};`).join('');
    await on.mpi(`set session_replication_role = replica; ${back}`);
    for (const table of tables) await on.mpi(`drop table public.kept_${table}`);
  }
}

/** `persons` has generated columns. */
function kept(table: string): string {
  if (table !== 'persons') return `table public.kept_${table}`;
  const columns = 'id, status, parent_id, version, pseudonym, created_at, updated_at, merged_at, erased_at';
  return `(${columns}) select ${columns} from public.kept_persons`;
}

/** What the decision calls the digest of a row. */
const digest = `sha256(record_send(row(row.person_id, row.version, row.schema_version, row.data_key, row.source_type,
  row.source_id, row.written_as, row.recorded_at, row.content_mac, row.ciphertext)))`;
const replaced =
  'update mpi.person_versions set ciphertext = set_byte(ciphertext, 60, get_byte(ciphertext, 60) # 1) where person_id = $1 and version = 1';
const unseen = (statement: string, person_id: string) =>
  on.mpi(`set session_replication_role = replica; ${statement.replaceAll('$1', `'${person_id}'`)}`);

async function alterWithDigest(person_id: string): Promise<void> {
  await on.mpi(replaced, [person_id]);
  await on.mpi(
    `update mpi.batched_versions member set digest = ${digest} from mpi.person_versions row
     where row.person_id = $1 and member.person_id = row.person_id and member.version = row.version`,
    [person_id],
  );
}

test('a version with other bytes is named, in all and in what is new', async () => {
  await on.writeAgain(1);
  await on.takeBatches();
  await on.logBatches();
  const altered = 'update mpi.person_versions set source_id = gen_random_uuid() where person_id = $1 and version = 2';
  for (const full of [false, true]) {
    const findings = await attacked(() => on.mpi(altered, [ids[1]]), { full });
    assert.equal(findings.length, 1, findings.join());
    assert.match(
      findings[0]!,
      new RegExp(`Version 2 of person ${ids[1]}\\. It is not that of its digest.*\\[record_altered\\]$`),
    );
  }
});

test('a version that was replaced together with its digest gives another root: its batch is named', async () => {
  const findings = await attacked(() => alterWithDigest(ids[2]!));
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings[0]!,
    /Batch [0-9a-f-]{36} of \d versions of persons, taken .*Z, leaf \d+\. A version in it was replaced together with its digest.*\[record_altered\]$/,
  );
});

test('… and when the root of the batch is altered too, its leaf says another', async () => {
  const findings = await attacked(async () => {
    await alterWithDigest(ids[2]!);
    await on.mpi(
      `update mpi.version_batches set root = sha256('forged')
       where position = (select batch from mpi.batched_versions where person_id = $1 and version = 1)`,
      [ids[2]],
    );
  });
  assert.equal(findings.length, 1, findings.join());
  assert.match(findings[0]!, /It says another root, number or time than its leaf.*\[record_altered\]$/);
});

test('a batch whose time or number was altered is named', async () => {
  for (const change of ["taken_at = taken_at - interval '1 hour'", 'count = count + 1', 'is_last = not is_last']) {
    const findings = await attacked(() => on.mpi(`update mpi.version_batches set ${change} where position = 1`));
    assert.match(findings.join('\n'), /It says another root, number or time than its leaf.*\[record_altered\]/, change);
  }
});

test('a deleted version is named; deleted with its digest, by its batch and by the person’s numbers', async () => {
  const gone = await attacked(() =>
    unseen('delete from mpi.person_versions where person_id = $1 and version = 1', ids[0]!),
  );
  assert.match(
    gone.join('\n'),
    new RegExp(`Version 1 of person ${ids[0]}\\. It is gone; the batch of .*\\[record_missing\\]`),
  );
  const both = await attacked(() =>
    unseen(
      'delete from mpi.person_versions where person_id = $1 and version = 1; delete from mpi.batched_versions where person_id = $1 and version = 1',
      ids[0]!,
    ),
  );
  assert.equal(both.length, 2, both.join());
  assert.match(both.join('\n'), /Its leaf is of \d versions, \d are in it.*\[record_altered\]/);
  assert.match(
    both.join('\n'),
    new RegExp(`Person ${ids[0]}\\. The present state is that of version 2, 1 are there.*\\[head_differs\\]`),
  );
});

test('an older version that is made the present one again is named', async () => {
  const findings = await attacked(() => on.mpi('update mpi.persons set version = 1 where id = $1', [ids[0]]));
  assert.match(
    findings.join('\n'),
    new RegExp(
      `Person ${ids[0]}\\. The present state is that of version 1, 2 are there, the newest 2.*\\[head_differs\\]`,
    ),
  );
});

const newest = '(select max(position) from mpi.version_batches)';

test('a deleted batch is missed by its leaf, with or without its versions', async () => {
  const batch = await attacked(() =>
    on.mpi(`set session_replication_role = replica; delete from mpi.version_batches where position = ${newest}`),
  );
  assert.match(
    batch.join('\n'),
    /Batch [0-9a-f-]{36} of 1 versions of persons.*It is gone from the patient index.*\[record_missing\]/,
  );
  const all = await attacked(() =>
    unseen(
      `delete from mpi.person_versions row using mpi.batched_versions member where member.batch = ${newest} and member.person_id = row.person_id and member.version = row.version;
       delete from mpi.batched_versions where batch = ${newest}; delete from mpi.version_batches where position = ${newest}`,
      ids[0]!,
    ),
  );
  assert.match(all.join('\n'), /It is gone from the patient index.*\[record_missing\]/);
});

const forged = `insert into mpi.person_versions (person_id, version, ciphertext, source_type, source_id, recorded_at, schema_version, data_key)
  select person_id, 2, ciphertext, source_type, source_id, now() - interval '1 year', schema_version, data_key
  from mpi.person_versions where person_id = $1 and version = 1; update mpi.persons set version = 2 where id = $1`;

test('a version that was inserted past the trigger is in no batch and waits for none', async () => {
  const findings = await attacked(() => unseen(forged, ids[3]!));
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings[0]!,
    new RegExp(
      `Version 2 of person ${ids[3]}\\. It claims to be of .*; no batch holds it, and it waits for none.*\\[record_unlogged\\]$`,
    ),
  );
});

test('a version that was inserted later with an old date is batched as any other, and its date is told to be false', async () => {
  await on.mpi(forged.replaceAll('$1', `'${ids[4]}'`));
  await on.takeBatches();
  await on.logBatches();
  const findings = await on.audit();
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings.join('\n'),
    new RegExp(
      `Version 2 of person ${ids[4]}\\. It claims to be of .*, was not there when nothing waited at .*, and came with the batch of .*\\[record_back_dated\\]`,
    ),
  );
});
