import { Asn1Error } from '../asn1/reader.ts';
import { sha256Hex } from '../crypto/digests.ts';
import { type Certificate, readCertificate } from '../x509/certificate.ts';
import { childNamed, childrenNamed, readXml, textOf, type XmlElement, XmlError } from '../xml/xml-reader.ts';
import { verifyEnvelopedSignature, XmlSignatureError } from '../xml/xml-signature.ts';
import type { TrustAnchor, TrustedService } from './trust-store.ts';

/** A national trust list as read (ETSI TS 119 612). */
export type TrustList = {
  sequence_number: number;
  issued_at: Date;
  /** After it the list is not to be used. Absent from a scheme that has ended, which nobody is to be trusted by either. */
  next_update: Date | undefined;
  scheme_operator: string;
  /** Of the file, hex. */
  sha256: string;
  anchors: TrustAnchor[];
  /** Services left out, and why: an operator reads it after an import. */
  skipped: { service: string; reason: string }[];
};

/** Why a list is believed: the scheme operator signed it, or the operator of this platform looked at these very bytes. */
export type TrustListProof = { signers: readonly Uint8Array[] } | { sha256: string };

export type TrustListFlaw = 'unreadable' | 'signature' | 'bytes_differ' | 'expired';

/** The document is not a trust list that can be relied on. */
export class TrustListError extends Error {
  readonly code = 'trust_list_error';
  readonly flaw: TrustListFlaw;
  constructor(flaw: TrustListFlaw, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TrustListError';
    this.flaw = flaw;
  }
}

const tsl = 'http://uri.etsi.org/02231/v2#';

const service_types: Record<string, TrustedService> = {
  'http://uri.etsi.org/TrstSvc/Svctype/CA/QC': 'certificates',
  'http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST': 'time_stamps',
  'http://uri.etsi.org/TrstSvc/Svctype/TSA': 'time_stamps',
  'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP': 'ocsp',
  'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP/QC': 'ocsp',
};

/** Statuses under which a service is trusted (TS 119 612 §5.5.4 and annex D.5). */
const granted = new Set(['granted', 'recognisedatnationallevel', 'undersupervision', 'accredited']);

/**
 * Opens a trust list for use: it is signed by one of the scheme operator's certificates that the configuration names (TS 119 612
 * §5.7.1), or it is the very file whose hash the configuration names; and its next update is yet to come at `at`. Throws TrustListError.
 */
export function openTrustList(document: Uint8Array, proof: TrustListProof, at: Date): TrustList {
  const root = parse(document);
  const list = readList(root, document);
  if ('signers' in proof) checkSignature(root, proof.signers);
  else if (list.sha256 !== proof.sha256.toLowerCase())
    throw new TrustListError('bytes_differ', `The trust list is another file: its SHA-256 is ${list.sha256}`);
  if (!list.next_update || list.next_update < at)
    throw new TrustListError(
      'expired',
      `The trust list was to be replaced by ${list.next_update?.toISOString() ?? 'none'}`,
    );
  return list;
}

/** Reads a trust list without believing it: for people to look at. Throws TrustListError. */
export function readTrustList(document: Uint8Array): TrustList {
  return readList(parse(document), document);
}

function parse(document: Uint8Array): XmlElement {
  const root = attempt('unreadable', () => readXml(document));
  if (root.local !== 'TrustServiceStatusList' || root.namespace !== tsl)
    throw new TrustListError('unreadable', 'Not an ETSI TS 119 612 trust list');
  return root;
}

function checkSignature(root: XmlElement, signers: readonly Uint8Array[]): void {
  const certificates = attempt('signature', () => signers.map(readCertificate));
  attempt('signature', () => verifyEnvelopedSignature(root, certificates));
}

/** What the document does wrong, as an error of the list. */
function attempt<Value>(flaw: TrustListFlaw, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof XmlError || error instanceof XmlSignatureError || error instanceof Asn1Error)
      throw new TrustListError(flaw, `The trust list cannot be used: ${error.message}`, error);
    throw error;
  }
}

function readList(root: XmlElement, document: Uint8Array): TrustList {
  const scheme = need(root, 'SchemeInformation');
  const next_update = text(child(scheme, 'NextUpdate'), 'dateTime');
  const skipped: TrustList['skipped'] = [];
  const providers = children(child(root, 'TrustServiceProviderList'), 'TrustServiceProvider');
  const anchors = providers
    .flatMap((provider) => children(child(provider, 'TSPServices'), 'TSPService'))
    .flatMap((service) => readService(service, skipped));
  return {
    sequence_number: Number(text(scheme, 'TSLSequenceNumber') ?? 0),
    issued_at: dateOf(text(scheme, 'ListIssueDateTime'), 'ListIssueDateTime'),
    next_update: next_update ? dateOf(next_update, 'NextUpdate') : undefined,
    scheme_operator: nameOf(child(scheme, 'SchemeOperatorName')),
    sha256: sha256Hex(document),
    anchors,
    skipped,
  };
}

/** One anchor for each certificate and each period in which the service was granted. */
function readService(service: XmlElement, skipped: TrustList['skipped']): TrustAnchor[] {
  const information = need(service, 'ServiceInformation');
  const name = nameOf(child(information, 'ServiceName'));
  const type = text(information, 'ServiceTypeIdentifier') ?? '';
  const trusted = service_types[type];
  const skip = (reason: string): TrustAnchor[] => {
    skipped.push({ service: name, reason });
    return [];
  };
  if (!trusted) return skip(`type ${type}`);
  const certificates = certificatesOf(information);
  if (certificates.length === 0) return skip('no readable certificate');
  const periods = grantedPeriods(information, child(service, 'ServiceHistory'));
  if (periods.length === 0) return skip('never granted');
  return certificates.flatMap((certificate) =>
    periods.map((period) => ({ certificate, services: [trusted], ...period })),
  );
}

function certificatesOf(information: XmlElement): Certificate[] {
  return children(child(information, 'ServiceDigitalIdentity'), 'DigitalId')
    .flatMap((id) => children(id, 'X509Certificate'))
    .flatMap((element) => {
      try {
        return [readCertificate(new Uint8Array(Buffer.from(textOf(element) ?? '', 'base64')))];
      } catch (error) {
        if (error instanceof Asn1Error) return [];
        throw error;
      }
    });
}

type Period = { granted_from?: Date; granted_until?: Date };

/** Statuses follow each other: each holds from its start to the start of the next one. */
function grantedPeriods(information: XmlElement, history: XmlElement | undefined): Period[] {
  const instances = [information, ...children(history, 'ServiceHistoryInstance')]
    .map((instance) => ({
      from: dateOf(text(instance, 'StatusStartingTime'), 'StatusStartingTime'),
      is_granted: granted.has((text(instance, 'ServiceStatus') ?? '').split('/').at(-1)!.toLowerCase()),
    }))
    .toSorted((a, b) => a.from.getTime() - b.from.getTime());
  return instances.flatMap(({ from, is_granted }, index) => {
    if (!is_granted) return [];
    const next = instances[index + 1];
    return [{ granted_from: from, ...(next ? { granted_until: next.from } : {}) }];
  });
}

function dateOf(value: string | undefined, what: string): Date {
  const date = new Date(value ?? '');
  if (Number.isNaN(date.getTime())) throw new TrustListError('unreadable', `${what} is not a time`);
  return date;
}

function nameOf(names: XmlElement | undefined): string {
  return text(names, 'Name') || '(no name)';
}

function children(parent: XmlElement | undefined, local: string): XmlElement[] {
  return parent ? childrenNamed(parent, tsl, local) : [];
}

function child(parent: XmlElement | undefined, local: string): XmlElement | undefined {
  return parent && childNamed(parent, tsl, local);
}

function need(parent: XmlElement, local: string): XmlElement {
  const found = child(parent, local);
  if (!found) throw new TrustListError('unreadable', `The trust list has no ${local}`);
  return found;
}

function text(parent: XmlElement | undefined, local: string): string | undefined {
  const found = child(parent, local);
  return found && textOf(found);
}
