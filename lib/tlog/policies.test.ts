import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { createVerifierKey, formatVerifierKey } from './keys.ts';
import { isQuorum, parsePolicy } from './policies.ts';
import { verifyCheckpoint, weighCheckpoint } from './policy-checks.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';
import { assertRefused, hostileBytes, unlessRefused } from './testing/refusals.ts';
import { log_signer, ORIGIN, sampleCheckpoint, samplePolicy, sampleSigner } from './testing/sample-log.ts';

const LOG = formatVerifierKey(log_signer.key);
const witnesses = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'].map((name) => ({
  name,
  signer: sampleSigner(`${name}.example`),
}));
const vkeys = Object.fromEntries(witnesses.map(({ name, signer }) => [name, formatVerifierKey(signer.key)]));

/** The example of c2sp.org/tlog-policy. */
const EXAMPLE = `# an example
log ${LOG} https://log.example

witness X1 ${vkeys.X1}
witness X2 ${vkeys.X2}
\t witness  X3\t${vkeys.X3}\t
group X-witnesses 2 X1 X2 X3
  # groups of two operators
witness Y1 ${vkeys.Y1}
witness Y2 ${vkeys.Y2}
witness Y3 ${vkeys.Y3} https://y3.example/witness
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

test('the quorum of the specification’s example holds for exactly the right sets of witnesses', () => {
  const { quorum, logs, witnesses: read } = parsePolicy(encodeUtf8(EXAMPLE));
  assert.equal(logs[0]?.url, 'https://log.example');
  assert.equal(read.find(({ name }) => name === 'Y3')?.url, 'https://y3.example/witness');
  fc.assert(
    fc.property(fc.subarray(witnesses.map(({ name }) => name)), (names) => {
      const count = (letter: string) => names.filter((name) => name.startsWith(letter)).length;
      assert.equal(isQuorum(quorum, new Set(names)), count('X') >= 2 && count('Y') >= 1);
    }),
  );
});

test('a quorum may be one witness, or none', () => {
  const one = parsePolicy(encodeUtf8(`witness w ${vkeys.X1}\nquorum w\n`));
  assert.deepEqual([isQuorum(one.quorum, new Set()), isQuorum(one.quorum, new Set(['w']))], [false, true]);
  assert.equal(isQuorum(parsePolicy(encodeUtf8('quorum none\n')).quorum, new Set()), true);
});

test('a policy that breaks a rule is refused, with the line', () => {
  const w = (name: string, of = name) => `witness ${name} ${vkeys[of]}\n`;
  const same_key = createVerifierKey({ ...witnesses[0]!.signer.key, name: 'other.example' });
  const same_log = createVerifierKey({
    ...log_signer.key,
    name: 'other.example',
    type: SIGNATURE_TYPES.ed25519_cosignature,
  });
  const wrong = {
    'no quorum': w('X1'),
    'two quorums': `${w('X1')}quorum X1\nquorum X1\n`,
    'an unknown quorum': 'quorum X1\n',
    'a quorum before its witness': `quorum X1\n${w('X1')}`,
    'an unknown keyword': 'logs x\nquorum none\n',
    'a keyword of the prototype': 'constructor x\nquorum none\n',
    'a duplicate witness key': `${w('X1')}witness b ${formatVerifierKey(same_key)}\nquorum none\n`,
    'a duplicate log key': `log ${LOG}\nlog ${formatVerifierKey(same_log)}\nquorum none\n`,
    'a name defined twice': `${w('X1')}${w('X1', 'X2')}quorum none\n`,
    'none as a name': `${w('none', 'X1')}quorum none\n`,
    'none as a member': 'group g any none\nquorum g\n',
    'a member of two groups': `${w('X1')}group g any X1\ngroup h any X1\nquorum g\n`,
    'a member twice': `${w('X1')}group g any X1 X1\nquorum g\n`,
    'a group in itself': `${w('X1')}group g any g\nquorum g\n`,
    'an empty group': 'group g any\nquorum g\n',
    'a threshold of 0': `${w('X1')}group g 0 X1\nquorum g\n`,
    'a threshold above the members': `${w('X1')}group g 2 X1\nquorum g\n`,
    'a threshold with a leading zero': `${w('X1')}group g 01 X1\nquorum g\n`,
    'a plain key for a witness': `witness a ${LOG}\nquorum a\n`,
    'a broken key': 'log x+y\nquorum none\n',
    'too many items': `${w('X1')}quorum X1 X1\n`,
    'a carriage return': 'quorum none\r\n',
    'a cut last line': `${w('X1')}${w('X2')}group g 1 X1 X2\nquorum g`,
    nothing: '',
  };
  for (const [why, text] of Object.entries(wrong)) {
    assert.throws(() => parsePolicy(encodeUtf8(text)), { code: 'policy_malformed' }, why);
  }
  assert.throws(() => parsePolicy(encodeUtf8('\n#\nquorum x\n')), /line 3/);
});

test('names are octets: a Kelvin sign is not a K, and a file that is not UTF-8 is read', () => {
  const [one, two] = [`witness K ${vkeys.X1}\n`, `witness \u212a ${vkeys.X2}\n`];
  assert.equal(parsePolicy(encodeUtf8(`${one}${two}group g 2 K \u212a\nquorum g\n`)).witnesses.length, 2);
  const odd = concatBytes(encodeUtf8('# '), new Uint8Array([0xff, 0xfe]), encodeUtf8(`\n${one}quorum K\n`));
  assert.equal(parsePolicy(odd).witnesses[0]?.name, 'K');
});

test('a policy of 100 logs, witnesses and groups is read, one without end is refused', () => {
  const names = Array.from({ length: 100 }, (_, at) => `n${at}`);
  const lines = names.flatMap((name) => [
    `log ${formatVerifierKey(sampleSigner(`log-${name}`, SIGNATURE_TYPES.ed25519).key)}`,
    `witness ${name} ${formatVerifierKey(sampleSigner(name).key)}`,
    `group g-${name} any ${name}`,
  ]);
  assert.equal(parsePolicy(encodeUtf8(`${lines.join('\n')}\nquorum g-n7\n`)).witnesses.length, 100);
  assertRefused('policy_malformed', () => parsePolicy(encodeUtf8(`${'\n'.repeat(2000)}quorum none\n`)));
  assertRefused('too_large', () => parsePolicy(new Uint8Array(300 * 1024)));
});

test('a policy that was changed is refused with our code, or read', () => {
  fc.assert(
    fc.property(hostileBytes([encodeUtf8(EXAMPLE)]), (bytes) => {
      const policy = unlessRefused(() => parsePolicy(bytes));
      return policy === undefined || typeof isQuorum(policy.quorum, new Set()) === 'boolean';
    }),
    { numRuns: 1000 },
  );
});

test('a checkpoint counts with the log’s signature and a quorum, and not without either', async () => {
  const [a, b, c] = witnesses.map(({ signer }) => signer);
  const policy = samplePolicy([{ signer: a! }, { signer: b! }, { signer: c! }], 2);
  const { cosigners, checkpoint } = verifyCheckpoint(await sampleCheckpoint(5, [c!, a!]), policy);
  assert.deepEqual([cosigners.map(({ name }) => name), checkpoint.size], [['w0', 'w2'], 5n]);
  const weak = await sampleCheckpoint(5, [a!]);
  assertRefused('quorum_missing', () => verifyCheckpoint(weak, policy));
  assert.equal(weighCheckpoint(weak, policy).quorum_met, false);
  const unknown = { ...policy, logs: [] };
  assertRefused('origin_unknown', () => verifyCheckpoint(weak, unknown));
});

test('one witness that signs many times counts once, and a witness named like the log is not the log', async () => {
  const [a, b] = witnesses.map(({ signer }) => signer);
  const policy = samplePolicy([{ signer: a! }, { signer: b! }], 2);
  const many = await sampleCheckpoint(5, [a!, a!, a!]);
  assertRefused('quorum_missing', () => verifyCheckpoint(many, policy));
  const namesake = sampleSigner(ORIGIN, SIGNATURE_TYPES.ed25519_cosignature);
  const stranger = sampleSigner(ORIGIN, SIGNATURE_TYPES.ml_dsa_44_cosignature);
  const believed = samplePolicy([{ signer: namesake }], 1);
  const without_log = { ...believed, logs: [{ key: stranger.key }] };
  const signed = await sampleCheckpoint(5, [namesake]);
  assertRefused('signature_missing', () => verifyCheckpoint(signed, without_log));
});
