/** One broken rule at one place of a request, in the words that v2.0 clients parse (domain.md §2.0). */
export type Invalid = {
  /** JSON path of the place, e.g. `$.person.phones[0].number`. */
  entry: string;
  entry_type: 'json_data_property' | 'request' | 'query_parameter' | 'header';
  rules: { rule: string; params: unknown; description: string }[];
};

export type ProblemDetails = {
  status: number;
  /** Stable, machine-readable; callers branch on it. */
  code: string;
  message: string;
  invalid?: Invalid[];
  retry_after_s?: number;
  cause?: unknown;
};

const validation_message =
  'Validation failed. You can find validators description at our API Manifest: ' +
  'http://docs.apimanifest.apiary.io/#introduction/interacting-with-api/errors.';

/** What the caller should know about. Anything else that is thrown is a bug and leaves as a bare 500. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly invalid: Invalid[] | undefined;
  readonly retry_after_s: number | undefined;

  constructor(details: ProblemDetails) {
    super(details.message, { cause: details.cause });
    this.name = 'Problem';
    this.status = details.status;
    this.code = details.code;
    this.invalid = details.invalid;
    this.retry_after_s = details.retry_after_s;
  }
}

/** 422: the request was understood and breaks these rules. */
export function validationFailed(invalid: Invalid[], message = validation_message): Problem {
  return new Problem({ status: 422, code: 'validation_failed', message, invalid });
}

/** 422 with one broken rule: the commonest refusal of a business process. */
export function invalidField(entry: string, description: string, rule = 'invalid', params: unknown = []): Problem {
  return validationFailed([fieldRule(entry, description, rule, params)]);
}

/** One broken rule at one place of a body, to be collected with others. */
export function fieldRule(entry: string, description: string, rule = 'invalid', params: unknown = []): Invalid {
  return { entry, entry_type: 'json_data_property', rules: [{ rule, params, description }] };
}

/** 400: the request could not be understood. */
export function malformed(message: string, code = 'request_malformed'): Problem {
  return new Problem({ status: 400, code, message });
}

/** 401: no token, or one that is unknown, expired or revoked. */
export function accessDenied(message: string, code = 'access_denied'): Problem {
  return new Problem({ status: 401, code, message });
}

/** 403: a known caller who may not do this. */
export function forbidden(message: string, code = 'forbidden', invalid?: Invalid[]): Problem {
  return new Problem({ status: 403, code, message, ...(invalid ? { invalid } : {}) });
}

/** 404: there is no such thing, or none that this caller may know of. */
export function notFound(message = 'not_found', code = 'not_found'): Problem {
  return new Problem({ status: 404, code, message });
}

/** 409: the request contradicts the present state. */
export function conflict(message: string, code = 'request_conflict'): Problem {
  return new Problem({ status: 409, code, message });
}

/** 429: too many tries; says when to come back. */
export function tooManyRequests(message: string, retry_after_s: number, code = 'too_many_requests'): Problem {
  return new Problem({ status: 429, code, message, retry_after_s });
}

/** 503: not now, and safe to repeat after `retry_after_s` seconds. */
export function unavailable(message: string, retry_after_s: number, code = 'unavailable', cause?: unknown): Problem {
  return new Problem({ status: 503, code, message, retry_after_s, cause });
}
