import {
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  type KeyAlgorithm,
  one_signature,
  sign,
  verifyNow,
} from '@zdravo/signature';
import * as pkijs from 'pkijs';

/** Declarations are of this size; every container has its own signer under a root and an authority. */
const content_bytes = 4_096;
const containers_of_each = 100;
const seconds_of_each = 4;
const rounds = 3;
const at = new Date();

/**
 * Verifications per second of one core: content, signature, reference to the certificate and the whole chain. Nothing is
 * remembered from one pass over the containers to the next, so each costs its own signature and its signer's certificate;
 * only the authority's own certificate is shared within a pass, as it is in life. PKI.js verifies the same ECDSA containers with
 * the same anchor in turns with ours, and the best of three rounds counts for both.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const ecdsa = prepare('ecdsa-p256');
  const dstu = prepare('dstu-257');
  const speeds: { ecdsa: number; dstu: number; pkijs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    speeds.push({ pkijs: await pkijsPerSecond(ecdsa), ecdsa: perSecond(ecdsa), dstu: perSecond(dstu) });
  }
  const best = (name: 'ecdsa' | 'dstu' | 'pkijs') => Math.max(...speeds.map((speed) => speed[name]));
  return {
    figures: { ecdsa_per_s: Math.round(best('ecdsa')), dstu_per_s: Math.round(best('dstu')) },
    ratios: { of_pkijs: Number((best('ecdsa') / best('pkijs')).toFixed(1)) },
  };
}

type Prepared = { root: Uint8Array; containers: Uint8Array[] };

function prepare(algorithm: KeyAlgorithm): Prepared {
  const root = createCertificateAuthority({ name: 'Bench root', algorithm });
  const authority = createCertificateAuthority({ name: 'Bench authority', algorithm, parent: root });
  const containers = Array.from({ length: containers_of_each }, (_, i) => {
    const content = new Uint8Array(content_bytes).map((_, place) => (place * 31 + i) & 0xff);
    return sign(
      content,
      issueCertificate(authority, { common_name: `Doctor ${i}`, drfo: `${1_000_000_000 + i}`, algorithm }),
    );
  });
  return { root: root.certificate, containers };
}

/** By processor time, so that a busy machine does not change the figure. */
function perSecond({ root, containers }: Prepared): number {
  const started = processorSeconds();
  let verified = 0;
  while (processorSeconds() - started < seconds_of_each / rounds) {
    const trust = createTrustStore({ anchors: [root] });
    for (const container of containers) {
      const { indication, validation_error_message } = verifyNow(container, one_signature, trust, { at });
      if (indication !== 'TOTAL_PASSED') throw new Error(`A good container is refused: ${validation_error_message}`);
    }
    verified += containers.length;
  }
  return verified / (processorSeconds() - started);
}

async function pkijsPerSecond({ root, containers }: Prepared): Promise<number> {
  const anchor = pkijs.Certificate.fromBER(new Uint8Array(root));
  const started = processorSeconds();
  let verified = 0;
  while (processorSeconds() - started < seconds_of_each / rounds) {
    const info = pkijs.ContentInfo.fromBER(new Uint8Array(containers[verified % containers.length]!));
    const signed_data = new pkijs.SignedData({ schema: info.content });
    const outcome = await signed_data.verify({
      signer: 0,
      checkChain: true,
      trustedCerts: [anchor],
      checkDate: at,
      extendedMode: true,
    });
    if (!outcome.signatureVerified || !outcome.signerCertificateVerified)
      throw new Error('PKI.js refuses a good container');
    verified++;
  }
  return verified / (processorSeconds() - started);
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
