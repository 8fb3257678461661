import { adminContract } from './contract/admin.ts';
import { oauthContract } from './contract/oauth.ts';
import { recoveryContract } from './contract/recovery.ts';

/** Sign-in, consent, tokens, roles and clients: the public routes of this module. */
export const contract = { ...oauthContract, ...adminContract, ...recoveryContract };
