import { Open, route } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { Email, Password, User } from './models.ts';

const tag = 'Sign-in';

export const recoveryContract = {
  startRecovery: route({
    method: 'POST',
    path: '/api/credentials_recovery_requests',
    summary: 'Ask for a link that sets a new password',
    description: 'The answer is the same whether or not the e-mail is known; the link goes there by mail.',
    tag,
    access: { kind: 'public' },
    body: Open({ email: Email }),
    status: 201,
    envelope: 'reference',
    data: Type.Object({ is_active: Type.Boolean(), expires_at: Type.String() }),
    rate_limit_per_minute: 10,
    idempotent: false,
  }),
  finishRecovery: route({
    method: 'PATCH',
    path: '/api/credentials_recovery_requests/:id/actions/reset_password',
    summary: 'Set a new password by the link',
    tag,
    access: { kind: 'public' },
    params: Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9]{32}$' }) }),
    body: Open({ password: Password }),
    envelope: 'reference',
    data: User,
    rate_limit_per_minute: 10,
    idempotent: false,
  }),
};
