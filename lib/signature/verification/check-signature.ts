import { oids } from '../asn1/oids.ts';
import { Asn1Error, bytesOf, childrenOf } from '../asn1/reader.ts';
import { insideOf } from '../asn1/values.ts';
import type { SignedData } from '../cms/signed-data.ts';
import { findSingle, type SignerInfo, signingTimeOf } from '../cms/signer-info.ts';
import { type ReadRevocationData, type RevocationData, readRevocationData } from '../revocation/revocation-data.ts';
import { buildChain } from '../trust/chain.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { key_usage } from '../x509/extensions.ts';
import { nobody, signerOf } from '../x509/signer-identity.ts';
import { findBestTime, readStamps } from './best-time.ts';
import { checkBinding, document_type, readOffered } from './check-binding.ts';
import { checkStatus, type OpenStatus } from './check-status.ts';
import type { SignaturePolicy } from './policy.ts';
import { type Fault, fault, indicationOf, type Level, type SignatureReport } from './result.ts';

export type SignatureQuestion = {
  signer_info: SignerInfo;
  signed_data: SignedData;
  content: Uint8Array | undefined;
  layer: number;
  policy: SignaturePolicy;
  trust: TrustStore;
  at: Date;
  revocation_data: RevocationData;
};

export type CheckedSignature = { report: SignatureReport; needs: OpenStatus[] };

/** One signature through all steps; the first fault decides. */
export function checkSignature(question: SignatureQuestion): CheckedSignature {
  const state: State = {
    certificate: undefined,
    signing_time: undefined,
    level: 'B-B',
    best_time: question.at,
    needs: [],
  };
  const problem = findFault(question, state);
  return { report: reportOf(question, state, problem), needs: state.needs };
}

/** What was learned on the way, so that a refusal can say it too. */
type State = {
  certificate: Certificate | undefined;
  signing_time: Date | undefined;
  level: Level;
  best_time: Date;
  needs: OpenStatus[];
};

function reportOf(question: SignatureQuestion, state: State, problem: Fault | undefined): SignatureReport {
  const { certificate } = state;
  return {
    layer: question.layer,
    is_valid: problem === undefined,
    is_stamp: certificate?.extensions.is_seal ?? false,
    indication: indicationOf(problem?.sub_indication),
    ...(problem ? { sub_indication: problem.sub_indication } : {}),
    validation_error_message: problem?.message ?? '',
    signer: certificate ? signerOf(certificate) : nobody,
    level: state.level,
    signing_time: state.signing_time?.toISOString() ?? null,
    best_signature_time: state.best_time.toISOString(),
    algorithm: question.signer_info.signature_algorithm.oid,
    certificate_sha256: certificate?.sha256 ?? null,
    certificate_serial: certificate?.serial ?? null,
  };
}

function findFault(question: SignatureQuestion, state: State): Fault | undefined {
  try {
    return runSteps(question, state);
  } catch (error) {
    if (error instanceof Asn1Error) return fault('FORMAT_FAILURE', error.message);
    throw error;
  }
}

function runSteps(question: SignatureQuestion, state: State): Fault | undefined {
  const { signer_info, signed_data, content, trust, policy } = question;
  state.signing_time = signer_info.signed && signingTimeOf(signer_info.signed);
  const offered = readOffered(signed_data, trust);
  const binding = checkBinding({ signer_info, signed_data, content, content_type: document_type, offered });
  state.certificate = binding.certificate;
  if (binding.fault) return binding.fault;
  const certificate = binding.certificate!;
  const embedded = readRevocationData(embeddedRevocation(signer_info, signed_data));
  const data = joinData(embedded, readRevocationData(question.revocation_data));
  const { stamps, fault: stamp_fault } = readStamps(signer_info, trust, offered);
  const best = findBestTime(stamps, question.at, { data, trust, policy });
  state.best_time = best.time;
  state.needs = best.needs;
  if (best.is_stamped) state.level = 'B-T';
  const early = stamp_fault ?? findKeyUsageFault(certificate);
  if (early) return early;
  const { chain, fault: chain_fault } = buildChain({
    certificate,
    offered,
    trust,
    service: 'certificates',
    at: best.time,
  });
  if (!chain) return chain_fault;
  const status = checkStatus({ chain, data, trust, policy, at: best.time });
  state.needs.push(...status.needs);
  if (status.fault) return status.fault;
  // B-LT by the policy's own freshness: with 0, by proofs that were made after the signature.
  const alone = { data: embedded, trust, policy: { ...policy, revocation: 'required' as const } };
  const is_lasting =
    findBestTime(stamps, question.at, alone).is_stamped && !checkStatus({ ...alone, chain, at: best.time }).fault;
  if (best.is_stamped && is_lasting) state.level = 'B-LT';
  return findLevelFault(state.level, question);
}

/** A signature under a document is a commitment to its content (RFC 5280 §4.2.1.3, nonRepudiation). */
function findKeyUsageFault({ extensions }: Certificate): Fault | undefined {
  if (extensions.is_authority)
    return fault('CHAIN_CONSTRAINTS_FAILURE', 'A certification authority does not sign documents');
  if (extensions.key_usage !== undefined && extensions.key_usage & key_usage.non_repudiation) return undefined;
  return fault('CHAIN_CONSTRAINTS_FAILURE', 'The certificate is not for signatures (key usage)');
}

const levels: Level[] = ['B-B', 'B-T', 'B-LT'];

/** The outermost envelope carries the proofs for everything inside it. */
function findLevelFault(level: Level, { policy, layer }: SignatureQuestion): Fault | undefined {
  const due = policy.level ?? 'B-B';
  if (layer > 1 || levels.indexOf(level) >= levels.indexOf(due)) return undefined;
  return fault('SIG_CONSTRAINTS_FAILURE', `The signature is of level ${level} instead of ${due}`);
}

/** Revocation data in SignedData (B-LT, EN 319 122-1 §6.3) and in the older revocation-values attribute. */
function embeddedRevocation(signer_info: SignerInfo, signed_data: SignedData): RevocationData {
  const values = findSingle(signer_info.unsigned, oids.revocation_values);
  const parts = values ? childrenOf(values) : [];
  const listed = (id: number) =>
    parts
      .filter((part) => part.id === id)
      .flatMap((part) => childrenOf(insideOf(part, 'RevocationValues')).map(bytesOf));
  return {
    crls: [...signed_data.crls, ...listed(0xa0)],
    ocsp_responses: [...signed_data.ocsp_responses, ...listed(0xa1)],
  };
}

function joinData(a: ReadRevocationData, b: ReadRevocationData): ReadRevocationData {
  return { crls: [...a.crls, ...b.crls], ocsp_answers: [...a.ocsp_answers, ...b.ocsp_answers] };
}
