import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '@zdravo/kit/clock';
import type { HttpServer } from '@zdravo/kit/http';
import type { Logger } from '@zdravo/kit/log';
import {
  createRevocationSource,
  createTrustStore,
  createVerifierPool,
  fetchTimeStamp,
  isPublicAddress,
  openTrustList,
  type ProofSources,
  readTrustFolder,
  type TrustListProof,
  type TrustStore,
  type VerifierPool,
} from '@zdravo/signature';
import { mountCertificateServices, servicesAt, timeStampsAt } from './certificate-services.ts';
import { addressesBelow, type DevelopmentAuthority, openDevelopmentAuthority } from './certificates.ts';
import { isProduction, type Settings, type TrustSettings } from './settings.ts';

/** Whom the platform believes, and what it verifies with. */
export type Signatures = {
  /** Of this machine. Outside production it is trusted beside the configured anchors. */
  authority: DevelopmentAuthority;
  verifier: VerifierPool;
  /** For the upgrade of what was signed; undefined when no time-stamp authority is known. */
  proofs: ProofSources | undefined;
  /** Serves OCSP, the list of revoked certificates and time-stamps of this machine's authority below `/certificates`. */
  mountOn(app: HttpServer): Promise<void>;
  close(): Promise<void>;
};

/** How long answers about certificates are kept; a developer who revokes one wants to see it. */
const keep_ms = { production: 10 * 60_000, development: 10_000 };

/**
 * Verification for a running platform. The status of every certificate is asked while a document is signed: OCSP, then the
 * authority's list, at most 3 s for one signature and outside the verifying threads. When nobody answers, ZDRAVO_REVOCATION decides.
 * @throws Error in plain words when the trust settings cannot be used.
 */
export async function startSignatures(
  settings: Settings,
  log: Logger,
  clock: Clock = systemClock('Europe/Kyiv'),
): Promise<Signatures> {
  const authority = await openAuthority(settings);
  const verifier = createVerifierPool({
    trust: readTrust(settings, authority, log),
    revocation: revocationOf(settings, authority, keep_ms),
  });
  return {
    authority,
    verifier: underRule(verifier, settings.ZDRAVO_REVOCATION),
    proofs: proofsOf(settings, authority),
    mountOn: async (app) => {
      if (!isProduction(settings)) await mountCertificateServices(app, authority, clock);
    },
    close: () => verifier.close(),
  };
}

/** Verification of what was received earlier, as it was then: nobody is asked. */
export async function openArchiveVerifier(settings: Settings, log: Logger): Promise<VerifierPool> {
  return createVerifierPool({ trust: readTrust(settings, await openAuthority(settings), log) });
}

/** The certificate authority of this machine, with its services on the platform's address. */
export function openAuthority({ ZDRAVO_DATA, ZDRAVO_PORT }: Settings): Promise<DevelopmentAuthority> {
  const services = servicesAt(`http://localhost:${ZDRAVO_PORT}`);
  return openDevelopmentAuthority(join(resolve(ZDRAVO_DATA), 'certificates'), services);
}

/** Anchors: the national trust list, the trust folder, and outside production this machine's authority. */
function readTrust(settings: Settings, authority: DevelopmentAuthority, log: Logger): TrustStore {
  const { ZDRAVO_TRUST_LIST, ZDRAVO_TRUST_FOLDER } = settings;
  const is_production = isProduction(settings);
  if (is_production && !ZDRAVO_TRUST_LIST && !ZDRAVO_TRUST_FOLDER)
    throw new Error(
      'In production the certificates of the development authority are refused: set ZDRAVO_TRUST_LIST to the national ' +
        'trust list (ETSI TS 119 612) or ZDRAVO_TRUST_FOLDER to a folder of certificates.',
    );
  const own = is_production ? [] : [authority.certificate];
  return createTrustStore({ ...configuredTrust(settings, log, own), refuse_development: is_production });
}

/** What the settings name as trusted, beside `own`. @throws Error in plain words when it cannot be used. */
function configuredTrust(settings: TrustSettings, log: Logger, own: Uint8Array[]) {
  const { ZDRAVO_TRUST_LIST, ZDRAVO_TRUST_FOLDER } = settings;
  return {
    anchors: [...own, ...(ZDRAVO_TRUST_FOLDER ? readTrustFolder(ZDRAVO_TRUST_FOLDER) : [])],
    services: ZDRAVO_TRUST_LIST ? readListed(ZDRAVO_TRUST_LIST, proofOfList(settings), log) : [],
  };
}

/** A trust list is believed as its operator signed it, or as the very file that was looked at. */
function proofOfList({ ZDRAVO_TRUST_LIST_SIGNERS, ZDRAVO_TRUST_LIST_SHA256 }: TrustSettings): TrustListProof {
  if (ZDRAVO_TRUST_LIST_SHA256) return { sha256: ZDRAVO_TRUST_LIST_SHA256 };
  if (ZDRAVO_TRUST_LIST_SIGNERS) return { signers: readTrustFolder(ZDRAVO_TRUST_LIST_SIGNERS) };
  throw new Error(
    'ZDRAVO_TRUST_LIST needs ZDRAVO_TRUST_LIST_SIGNERS, a folder with the certificates of whoever signs the list, or ' +
      'ZDRAVO_TRUST_LIST_SHA256, the hash of the file.',
  );
}

/**
 * Verification in a process of its own, which has no authority: only what the settings name is trusted.
 * @param refuse_development whether certificates of a development authority are refused.
 */
export function openConfiguredVerifier(
  settings: TrustSettings,
  { refuse_development, log }: { refuse_development: boolean; log: Logger },
): VerifierPool {
  const trust = createTrustStore({ ...configuredTrust(settings, log, []), refuse_development });
  const revocation = createRevocationSource({
    keep_ms: keep_ms.production,
    timeout_ms: 1_500,
    isAllowed: isPublicAddress,
  });
  return underRule(createVerifierPool({ trust, revocation }), settings.ZDRAVO_REVOCATION);
}

const soon_ms = 14 * 86_400_000;
const day_ms = 86_400_000;

function readListed(path: string, proof: TrustListProof, log: Logger) {
  const { anchors, skipped, next_update, sequence_number } = openTrustList(readFileSync(path), proof, new Date());
  if (anchors.length === 0) throw new Error(`No service of the trust list ${path} can be trusted for signatures.`);
  log.info({ sequence_number, anchors: anchors.length, skipped: skipped.length }, 'the trust list was read');
  const remind = () => remindOfUpdate(next_update!, log);
  remind();
  setInterval(remind, day_ms).unref();
  return anchors;
}

/** A running platform goes on with the list that it has: people are told while there is time, and after. */
function remindOfUpdate(next_update: Date, log: Logger): void {
  const left_ms = next_update.getTime() - Date.now();
  if (left_ms < 0) log.error({ next_update }, 'the trust list has expired: the next start will refuse it');
  else if (left_ms < soon_ms) log.warn({ next_update }, 'the trust list expires soon; fetch the next one');
}

/** The own authority is asked where it answers now, whatever port its certificates were issued under. */
function revocationOf(settings: Settings, authority: DevelopmentAuthority, keep: typeof keep_ms) {
  const own = addressesBelow(servicesAt(`http://localhost:${settings.ZDRAVO_PORT}`));
  const isOwn = (url: URL) => url.href === own.ocsp_address || url.href === own.crl_address;
  return createRevocationSource({
    keep_ms: keep[isProduction(settings) ? 'production' : 'development'],
    timeout_ms: 1_500,
    isAllowed: (url) => isOwn(url) || isPublicAddress(url),
    knownAddresses: (issuer) =>
      Buffer.from(issuer).equals(authority.certificate)
        ? { ocsp_addresses: [own.ocsp_address], crl_addresses: [own.crl_address] }
        : undefined,
  });
}

/** Proofs for what was signed; outside production time-stamps are this machine's when no other authority is configured. */
function proofsOf(settings: Settings, authority: DevelopmentAuthority): ProofSources | undefined {
  const own = isProduction(settings) ? undefined : timeStampsAt(`http://localhost:${settings.ZDRAVO_PORT}`);
  const revocation = revocationOf(settings, authority, { production: 0, development: 0 });
  return proofsFrom(settings.ZDRAVO_TIME_STAMPS_URL ?? own, revocation);
}

/** Proofs for what was signed, in a process of its own; undefined without a time-stamp authority: then nothing is upgraded. */
export function configuredProofs({ ZDRAVO_TIME_STAMPS_URL }: Pick<TrustSettings, 'ZDRAVO_TIME_STAMPS_URL'>) {
  const revocation = createRevocationSource({ keep_ms: 0, timeout_ms: 5_000, isAllowed: isPublicAddress });
  return proofsFrom(ZDRAVO_TIME_STAMPS_URL, revocation);
}

/** @param revocation asks anew each time: what signing remembers may be older than the signature. */
function proofsFrom(address: string | undefined, revocation: ProofSources['revocation']): ProofSources | undefined {
  if (address === undefined) return undefined;
  return {
    timeStamp: (signature, digest_algorithm) =>
      fetchTimeStamp(address, signature, digest_algorithm, { isAllowed: () => true }),
    revocation,
  };
}

function underRule(pool: VerifierPool, revocation: Settings['ZDRAVO_REVOCATION']): VerifierPool {
  return {
    ...pool,
    verify: (container, policy, options) => pool.verify(container, { ...policy, revocation }, options),
  };
}
