import { access_scopes } from './scopes/access.ts';
import { care_scopes } from './scopes/care.ts';
import { medicine_scopes } from './scopes/medicines.ts';
import type { ScopeTexts } from './scopes/texts.ts';

export { client_type_scopes, role_scopes } from './scopes/roles.ts';
export type { ScopeText } from './scopes/texts.ts';

/** What every scope of the reference lets a program do in the user's name, in plain words for the consent page. */
export const scopes: ScopeTexts = { ...care_scopes, ...medicine_scopes, ...access_scopes };
