import { createHandlers as addressHandlers } from './addresses/handlers.ts';
import { createHandlers as blackListHandlers } from './black-list/handlers.ts';
import { createHandlers as payersContractHandlers } from './contracts/handlers.ts';
import { createHandlers as declarationRequestHandlers } from './declaration-requests/handlers.ts';
import { createHandlers as declarationHandlers } from './declarations/handlers.ts';
import type { IlDeps } from './deps.ts';
import { createHandlers as dictionaryHandlers } from './dictionaries/handlers.ts';
import { createHandlers as digitalSignatureHandlers } from './digital-signatures/handlers.ts';
import { createHandlers as divisionHandlers } from './divisions/handlers.ts';
import { createHandlers as employeeRequestHandlers } from './employee-requests/handlers.ts';
import { createHandlers as employeeHandlers } from './employees/handlers.ts';
import { createHandlers as erasureHandlers } from './erasures/handlers.ts';
import { createHandlers as eventHandlers } from './events/handlers.ts';
import { createHandlers as legalEntityHandlers } from './legal-entities/handlers.ts';
import { createHandlers as parameterHandlers } from './parameters/handlers.ts';
import { createHandlers as personReviewHandlers } from './person-reviews/handlers.ts';
import { createHandlers as personHandlers } from './persons/handlers.ts';
import { createHandlers as receiptHandlers } from './receipts/handlers.ts';
import { createHandlers as verificationHandlers } from './verifications/handlers.ts';

/** Every route of the Integration Layer. */
export function createHandlers(deps: IlDeps) {
  return {
    ...addressHandlers(deps),
    ...blackListHandlers(deps),
    ...payersContractHandlers(deps),
    ...declarationHandlers(deps),
    ...declarationRequestHandlers(deps),
    ...erasureHandlers(deps),
    ...eventHandlers(deps),
    ...verificationHandlers(deps),
    ...dictionaryHandlers(deps),
    ...digitalSignatureHandlers(deps),
    ...divisionHandlers(deps),
    ...employeeHandlers(deps),
    ...employeeRequestHandlers(deps),
    ...legalEntityHandlers(deps),
    ...parameterHandlers(deps),
    ...personHandlers(deps),
    ...personReviewHandlers(deps),
    ...receiptHandlers(deps),
  };
}
