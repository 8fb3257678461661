import { XMLParser } from 'fast-xml-parser';
import { Asn1Error } from '../asn1/reader.ts';
import { type Certificate, readCertificate } from '../x509/certificate.ts';
import type { TrustAnchor, TrustedService } from './trust-store.ts';

/** A national trust list as read (ETSI TS 119 612). */
export type TrustList = {
  sequence_number: number;
  issued_at: Date;
  next_update: Date | undefined;
  scheme_operator: string;
  anchors: TrustAnchor[];
  /** Services left out, and why: an operator reads it after an import. */
  skipped: { service: string; reason: string }[];
};

/** The document is not a trust list that can be relied on. */
export class TrustListError extends Error {
  readonly code = 'trust_list_error';
  constructor(message: string) {
    super(message);
    this.name = 'TrustListError';
  }
}

type Xml = { [name: string]: Xml | Xml[] | string | undefined };

const service_types: Record<string, TrustedService> = {
  'http://uri.etsi.org/TrstSvc/Svctype/CA/QC': 'certificates',
  'http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST': 'time_stamps',
  'http://uri.etsi.org/TrstSvc/Svctype/TSA': 'time_stamps',
  'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP': 'ocsp',
  'http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP/QC': 'ocsp',
};

/** Statuses under which a service is trusted (TS 119 612 §5.5.4 and annex D.5). */
const granted = new Set(['granted', 'recognisedatnationallevel', 'undersupervision', 'accredited']);

const most_bytes = 64 * 1024 * 1024;

/**
 * Reads a trust list. It does not check the list's own XML signature: the operator fetches the list from the national
 * authority, checks it by its tool or a second channel, and configures the file; so the file is part of the configuration,
 * like a folder of certificates. Throws TrustListError.
 */
export function readTrustList(document: Uint8Array): TrustList {
  if (document.length > most_bytes) throw new TrustListError('The trust list is too long');
  const root = one(parse(document), 'TrustServiceStatusList');
  if (!root) throw new TrustListError('Not an ETSI TS 119 612 trust list');
  const scheme = one(root, 'SchemeInformation') ?? {};
  const issued_at = dateOf(text(scheme, 'ListIssueDateTime'), 'ListIssueDateTime');
  const next_update = text(one(scheme, 'NextUpdate') ?? {}, 'dateTime');
  const skipped: TrustList['skipped'] = [];
  const providers = many(one(root, 'TrustServiceProviderList') ?? {}, 'TrustServiceProvider');
  const anchors = providers
    .flatMap((provider) => many(one(provider, 'TSPServices') ?? {}, 'TSPService'))
    .flatMap((service) => readService(service, skipped));
  return {
    sequence_number: Number(text(scheme, 'TSLSequenceNumber') ?? 0),
    issued_at,
    next_update: next_update ? dateOf(next_update, 'NextUpdate') : undefined,
    scheme_operator: nameOf(one(scheme, 'SchemeOperatorName')),
    anchors,
    skipped,
  };
}

function parse(document: Uint8Array): Xml {
  const source = new TextDecoder('utf-8').decode(document);
  if (source.includes('<!DOCTYPE') || source.includes('<!ENTITY'))
    throw new TrustListError('A trust list has no DOCTYPE');
  try {
    const parser = new XMLParser({
      ignoreAttributes: true,
      removeNSPrefix: true,
      parseTagValue: false,
      processEntities: true,
    });
    return parser.parse(source, true) as Xml;
  } catch (error) {
    throw new TrustListError(`Broken XML: ${error instanceof Error ? error.message : ''}`);
  }
}

/** One anchor for each certificate and each period in which the service was granted. */
function readService(service: Xml, skipped: TrustList['skipped']): TrustAnchor[] {
  const information = one(service, 'ServiceInformation') ?? {};
  const name = nameOf(one(information, 'ServiceName'));
  const type = text(information, 'ServiceTypeIdentifier') ?? '';
  const trusted = service_types[type];
  const skip = (reason: string): TrustAnchor[] => {
    skipped.push({ service: name, reason });
    return [];
  };
  if (!trusted) return skip(`type ${type}`);
  const certificates = certificatesOf(information);
  if (certificates.length === 0) return skip('no readable certificate');
  const periods = grantedPeriods(information, one(service, 'ServiceHistory'));
  if (periods.length === 0) return skip('never granted');
  return certificates.flatMap((certificate) =>
    periods.map((period) => ({ certificate, services: [trusted], ...period })),
  );
}

function certificatesOf(information: Xml): Certificate[] {
  return many(one(information, 'ServiceDigitalIdentity') ?? {}, 'DigitalId').flatMap((id) =>
    texts(id, 'X509Certificate').flatMap((base64) => {
      try {
        return [readCertificate(new Uint8Array(Buffer.from(base64, 'base64')))];
      } catch (error) {
        if (error instanceof Asn1Error) return [];
        throw error;
      }
    }),
  );
}

type Period = { granted_from?: Date; granted_until?: Date };

/** Statuses follow each other: each holds from its start to the start of the next one. */
function grantedPeriods(information: Xml, history: Xml | undefined): Period[] {
  const instances = [information, ...many(history ?? {}, 'ServiceHistoryInstance')]
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
  if (Number.isNaN(date.getTime())) throw new TrustListError(`${what} is not a time`);
  return date;
}

function nameOf(names: Xml | undefined): string {
  return (names && texts(names, 'Name')[0]) || '(no name)';
}

function many(parent: Xml, name: string): Xml[] {
  const value = parent[name];
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((item): item is Xml => typeof item === 'object');
}

function one(parent: Xml, name: string): Xml | undefined {
  return many(parent, name)[0];
}

function texts(parent: Xml, name: string): string[] {
  const value = parent[name] as unknown;
  return (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string');
}

function text(parent: Xml, name: string): string | undefined {
  return texts(parent, name)[0];
}
