import { createHandlers as addressHandlers } from './addresses/handlers.ts';
import { createHandlers as blackListHandlers } from './black-list/handlers.ts';
import type { IlDeps } from './deps.ts';
import { createHandlers as dictionaryHandlers } from './dictionaries/handlers.ts';
import { createHandlers as divisionHandlers } from './divisions/handlers.ts';
import { createHandlers as employeeRequestHandlers } from './employee-requests/handlers.ts';
import { createHandlers as employeeHandlers } from './employees/handlers.ts';
import { createHandlers as legalEntityHandlers } from './legal-entities/handlers.ts';
import { createHandlers as parameterHandlers } from './parameters/handlers.ts';
import { createHandlers as receiptHandlers } from './receipts/handlers.ts';

/** Every route of the Integration Layer. */
export function createHandlers(deps: IlDeps) {
  return {
    ...addressHandlers(deps),
    ...blackListHandlers(deps),
    ...dictionaryHandlers(deps),
    ...divisionHandlers(deps),
    ...employeeHandlers(deps),
    ...employeeRequestHandlers(deps),
    ...legalEntityHandlers(deps),
    ...parameterHandlers(deps),
    ...receiptHandlers(deps),
  };
}
