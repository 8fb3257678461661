import { accessDenied, fieldRule, type Problem, validationFailed } from '@zdravo/kit/problem';

/** 422 with the reference's own sentence as its message: clients show it. */
export function scopeRefused(message: string): Problem {
  return validationFailed([fieldRule('$.scope', message, 'scope')], message);
}

export function tokenNotFound(): Problem {
  return accessDenied('Token not found.', 'token_invalid');
}

export function tokenExpired(): Problem {
  return accessDenied('Token expired.', 'token_expired');
}

export function tokenUsed(): Problem {
  return accessDenied('Token has already been used.', 'token_used');
}
