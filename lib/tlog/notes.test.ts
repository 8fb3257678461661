import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeUtf8 } from './bytes.ts';
import { formatCheckpointText, parseCheckpointText } from './checkpoints.ts';
import {
  createSigner,
  createVerifierKey,
  formatVerifierKey,
  generateSignerKey,
  parseSigner,
  parseVerifierKey,
} from './keys.ts';
import { encodeNote, parseNote } from './notes.ts';
import { SIGNATURE_TYPES, type SignatureType } from './signature-types.ts';
import { signText, verifyNote } from './signatures.ts';
import { addSignatures, openCheckpoint } from './signed-checkpoints.ts';
import { assertParserHolds, assertRefused, assertRejected, hostileBytes, unlessRefused } from './testing/refusals.ts';
import { log_signer, ORIGIN, sampleCheckpoint, sampleRoot, sampleSigner } from './testing/sample-log.ts';

/** The example of c2sp.org/signed-note, Verifier keys. */
const SPEC_VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const SPEC_NOTE = encodeUtf8(`This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`);

const witness = sampleSigner('witness.example/one');
const quantum_safe = sampleSigner('witness.example/two', SIGNATURE_TYPES.ml_dsa_44_cosignature);
const checkpoint = await sampleCheckpoint(5, [witness, quantum_safe]);
const all_keys = [log_signer.key, witness.key, quantum_safe.key];

test('the example of the specification verifies, and its key is written as it was read', () => {
  const key = parseVerifierKey(SPEC_VKEY);
  assert.equal(formatVerifierKey(key), SPEC_VKEY);
  assert.equal(verifyNote(parseNote(SPEC_NOTE), [key]).length, 1);
});

test('signatures of all three types verify, cosignatures with the time they were made', () => {
  const { signatures } = openCheckpoint(checkpoint, all_keys);
  assert.deepEqual(
    signatures.map(({ key, timestamp }) => [key.name, timestamp]),
    [
      [ORIGIN, undefined],
      ['witness.example/one', 1_700_000_000n],
      ['witness.example/two', 1_700_000_000n],
    ],
  );
});

test('the ML-DSA signature covers size and root, the Ed25519 ones every byte of the text', () => {
  const note = parseNote(checkpoint);
  const other_root = formatCheckpointText({ ...parseCheckpointText(note.text), root: sampleRoot(4) });
  for (const text of [note.text.replace('\n5\n', '\n6\n'), other_root]) {
    for (const key of all_keys) assertRefused('signature_invalid', () => verifyNote({ ...note, text }, [key]));
  }
});

test('unknown signatures are ignored, even under a known name; a false one of a known key refuses the note whole', () => {
  const stranger = createSigner({
    name: 'witness.example/one',
    type: SIGNATURE_TYPES.ed25519_cosignature,
    seed: new Uint8Array(32),
  });
  assert.equal(openCheckpoint(checkpoint, [log_signer.key, stranger.key]).signatures.length, 1);
  assertRefused('signature_missing', () => openCheckpoint(checkpoint, [witness.key]));
  const note = parseNote(checkpoint);
  const broken = note.signatures.map((line, at) =>
    at === 1 ? { ...line, signature: line.signature.map((byte) => byte ^ 1) } : line,
  );
  assertRefused('signature_invalid', () => verifyNote({ ...note, signatures: broken }, all_keys));
});

test('one good and one false signature under the same known key refuse the note', () => {
  const note = parseNote(checkpoint);
  const [first] = note.signatures;
  const doubled = [...note.signatures, { ...first!, signature: new Uint8Array(64) }];
  assertRefused('signature_invalid', () => verifyNote({ ...note, signatures: doubled }, all_keys));
});

test('the signature types are apart: the same key under another type has another id, and its signature is no cosignature', async () => {
  const seed = new Uint8Array(32).fill(9);
  const plain = createSigner({ name: ORIGIN, type: SIGNATURE_TYPES.ed25519, seed });
  const timed = createSigner({ name: ORIGIN, type: SIGNATURE_TYPES.ed25519_cosignature, seed });
  assert.notEqual(plain.key.id, timed.key.id);
  const { text } = parseNote(checkpoint);
  const line = await signText(plain, { text, timestamp: 0n });
  const disguised = { text, signatures: [{ ...line, id: timed.key.id }] };
  assertRefused('signature_invalid', () => verifyNote(disguised, [timed.key]));
});

test('cosignature keys sign checkpoints only', async () => {
  await assertRejected('checkpoint_malformed', signText(witness, { text: 'hello\n', timestamp: 1n }));
  await assertRejected('number_invalid', signText(witness, { text: 'hello\n', timestamp: -1n }));
});

test('a newer signature of a key takes the place of the older one', async () => {
  const note = parseNote(checkpoint);
  const newer = await signText(witness, { text: note.text, timestamp: 1_800_000_000n });
  const renewed = addSignatures(note, [newer]);
  assert.equal(renewed.signatures.length, note.signatures.length);
  assert.deepEqual(
    verifyNote(renewed, [witness.key]).map(({ timestamp }) => timestamp),
    [1_800_000_000n],
  );
});

test('keys are written and read back, and a generated signer signs under its key', async () => {
  for (const type of Object.values(SIGNATURE_TYPES)) {
    const signer = parseSigner(generateSignerKey({ name: ORIGIN, type }));
    assert.deepEqual(parseVerifierKey(formatVerifierKey(signer.key)).public_key, signer.key.public_key);
    const { text } = parseNote(checkpoint);
    const signed = { text, signatures: [await signText(signer, { text, timestamp: 1n })] };
    assert.equal(verifyNote(signed, [signer.key]).length, 1);
  }
});

test('keys of unknown types, wrong lengths, names or ids are refused, and a secret is never quoted', () => {
  assertRefused('key_unsupported', () =>
    createVerifierKey({ name: 'a', type: 2 as SignatureType, public_key: new Uint8Array(32) }),
  );
  assertRefused('key_malformed', () => createVerifierKey({ name: 'a', type: 1, public_key: new Uint8Array(31) }));
  for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb', '\u2003', 'x'.repeat(256), '\ud800']) {
    assertRefused('key_malformed', () => createSigner({ name, type: 1, seed: new Uint8Array(32) }));
  }
  for (const vkey of [
    SPEC_VKEY.replace('530d903a', '530D903A'),
    SPEC_VKEY.replace('530d903a', '530d903b'),
    `${SPEC_VKEY}=`,
    '',
    '++',
  ]) {
    assert.throws(() => parseVerifierKey(vkey));
  }
  const secret = generateSignerKey({ name: ORIGIN, type: 1 });
  const material = secret.split('+').slice(4).join('+');
  assert.throws(
    () => parseSigner(secret.replace('log.example', 'other.example')),
    (error) => error instanceof Error && !error.message.includes(material),
  );
});

test('a vkey changed anywhere is refused or is another key, well formed', () => {
  fc.assert(
    fc.property(fc.nat(SPEC_VKEY.length - 1), fc.string({ maxLength: 3 }), (at, text) => {
      const vkey = SPEC_VKEY.slice(0, at) + text + SPEC_VKEY.slice(at + 1);
      const key = unlessRefused(() => parseVerifierKey(vkey));
      assert.ok(key === undefined || formatVerifierKey(key) === vkey);
    }),
  );
});

test('malformed notes are refused', () => {
  const bodies = {
    'no blank line': 'a\n— k AAAAAAA=\n',
    'no signature': 'a\n\n',
    'no last newline': 'a\n\n— k AAAAAAA=',
    'a carriage return': 'a\r\n\n— k AAAAAAA=\n',
    'a hyphen for a dash': 'a\n\n- k AAAAAAA=\n',
    'a signature of no bytes': 'a\n\n— k AAAAAA==\n',
    'base64 with loose bits': 'a\n\n— k AAAAAAB=\n',
    'base64 without padding': 'a\n\n— k AAAAAAA\n',
    'two spaces': 'a\n\n— k  AAAAAAA=\n',
    'a plus in the name': 'a\n\n— k+k AAAAAAA=\n',
    'too many signatures': `a\n\n${'— k AAAAAAA=\n'.repeat(65)}`,
  };
  for (const [why, body] of Object.entries(bodies)) {
    assert.throws(() => parseNote(encodeUtf8(body)), { code: 'note_malformed' }, why);
  }
  assertRefused('note_malformed', () => parseNote(new Uint8Array([0xff, 10, 10])));
  assertRefused('too_large', () => parseNote(new Uint8Array(400 * 1024)));
  assert.equal(parseNote(encodeUtf8(`a\n\n${'— k AAAAAAA=\n'.repeat(64)}`)).signatures.length, 64);
});

test('malformed checkpoints are refused', () => {
  const root = Buffer.from(sampleRoot(5)).toString('base64');
  const texts = [
    '',
    'o\n',
    `o\n5\n`,
    `\n5\n${root}\n`,
    `o\n05\n${root}\n`,
    `o\n-5\n${root}\n`,
    `o\n+5\n${root}\n`,
    `o\n5 \n${root}\n`,
    `o\n9223372036854775808\n${root}\n`,
    `o\n5\n${root.slice(4)}\n`,
    `o\n5\n${root}`,
    `o\n5\n${root}\n\n`,
    `o\n5\n${root}\nx\n\ny\n`,
    `o\n٥\n${root}\n`,
  ];
  for (const text of texts)
    assert.throws(() => parseCheckpointText(text), { code: 'checkpoint_malformed' }, JSON.stringify(text));
  const read = parseCheckpointText(`o o+o\n9223372036854775807\n${root}\nextension\n`);
  assert.deepEqual([read.origin, read.size, read.extensions], ['o o+o', 2n ** 63n - 1n, ['extension']]);
});

test('a note that was changed is refused, or is read and written the same', () => {
  assertParserHolds([SPEC_NOTE, checkpoint], parseNote, encodeNote);
});

test('a checkpoint text that was changed is refused, or is read and written the same', () => {
  const read = (bytes: Uint8Array) => parseCheckpointText(Buffer.from(bytes).toString('latin1'));
  const write = (head: ReturnType<typeof read>) => Buffer.from(formatCheckpointText(head), 'latin1');
  assertParserHolds([Buffer.from(parseNote(checkpoint).text, 'latin1')], read, write);
});

test('whatever was changed around it, only the text that was signed is ever accepted', async () => {
  const signed = await sampleCheckpoint(5, [witness]);
  fc.assert(
    fc.property(hostileBytes([signed]), (bytes) => {
      const opened = unlessRefused(() => openCheckpoint(bytes, [log_signer.key, witness.key]));
      if (opened === undefined) return;
      assert.equal(opened.note.text, parseNote(signed).text);
      assert.ok(opened.signatures.every(({ timestamp }) => timestamp === undefined || timestamp === 1_700_000_000n));
    }),
    { numRuns: 2000 },
  );
});
