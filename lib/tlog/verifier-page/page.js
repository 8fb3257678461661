import { NotVerified, verifyPrinted, verifyReceiptFile, verifyRecordFile } from './verify.js';

// The form around verify.js. A printed sheet's code opens it as `#index=N&leaf=HEX`: then the public log is asked.

const LOG = '/log/';
const element = (id) => document.getElementById(id);
const bytesOf = (text) => new TextEncoder().encode(text);

for (const name of ['receipt', 'policy'])
  element(`${name}_file`).addEventListener('change', async ({ target }) => {
    if (target.files[0]) element(name).value = await target.files[0].text();
  });

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void show(verifyPasted());
});

await offerPolicy();
const printed = readFragment();
if (printed) void show(verifyPrinted(printed, fetchFile, bytesOf(element('policy').value)));

/** The log's own policy is offered; whoever wants certainty puts one here that they got from somebody else. */
async function offerPolicy() {
  const response = await fetch(`${LOG}policy`).catch(() => undefined);
  if (response?.ok) element('policy').value = await response.text();
}

function readFragment() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const index = fragment.get('index');
  const leaf = fragment.get('leaf');
  if (!/^\d{1,19}$/.test(index ?? '') || !/^[0-9a-f]{64}$/.test(leaf ?? '')) return undefined;
  return { index: BigInt(index), leaf_hash: Uint8Array.from(leaf.match(/../g), (byte) => Number.parseInt(byte, 16)) };
}

async function fetchFile(path) {
  const response = await fetch(LOG + path);
  if (!response.ok) throw new NotVerified(`the log does not give ${path}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function verifyPasted() {
  const file = bytesOf(element('receipt').value);
  const policy = bytesOf(element('policy').value);
  const proved = await verifyReceiptFile(file, policy);
  return proved.file.record ? verifyRecordFile(file, policy) : proved;
}

async function show(verifying) {
  const verdict = element('verdict');
  try {
    const proved = await verifying;
    verdict.className = 'verified';
    verdict.replaceChildren(...linesOf(proved).map(paragraph));
  } catch (error) {
    verdict.className = 'refused';
    const reason = error instanceof NotVerified ? error.message : 'the browser could not verify';
    verdict.replaceChildren(paragraph('Не підтверджено. Not verified.'), paragraph(reason));
  }
}

function linesOf({ origin, size, index, cosigners, leaf_hash, entry, body }) {
  const seen = cosigners.map(({ name, timestamp }) => `${name} (${new Date(Number(timestamp) * 1000).toISOString()})`);
  return [
    'Підтверджено. Verified.',
    `${entry ? `${entry.k}, ${entry.op}, version ${entry.n}: ` : ''}leaf ${index} of ${size} in ${origin}`,
    `Hash: ${leaf_hash}`,
    `Свідки · witnesses: ${seen.join(', ') || '–'}`,
    ...Object.entries(body ?? {}).map(
      ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
  ];
}

function paragraph(text) {
  const made = document.createElement('p');
  made.textContent = text;
  return made;
}
