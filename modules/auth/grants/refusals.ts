import { accessDenied, fieldRule, Problem } from '@zdravo/kit/problem';

/** 422 with the reference's own sentence as its message: clients show it. The code tells which rule refused. */
export function scopeRefused(message: string, code: ScopeRefusal): Problem {
  return new Problem({ status: 422, code, message, invalid: [fieldRule('$.scope', message, 'scope')] });
}

export type ScopeRefusal = 'scope_empty' | 'scope_beyond_client_type' | 'scope_beyond_role' | 'scope_beyond_approval';

export function tokenNotFound(): Problem {
  return accessDenied('Token not found.', 'token_invalid');
}

export function tokenExpired(): Problem {
  return accessDenied('Token expired.', 'token_expired');
}

export function tokenUsed(): Problem {
  return accessDenied('Token has already been used.', 'token_used');
}
