export { contract as addressContract } from './addresses/contract.ts';
export { contract as blackListContract } from './black-list/contract.ts';
export { contract as dictionaryContract } from './dictionaries/contract.ts';
export { contract as divisionContract } from './divisions/contract.ts';
export { contract as employeeRequestContract } from './employee-requests/contract.ts';
export { contract as employeeContract } from './employees/contract.ts';
export { contract as legalEntityContract } from './legal-entities/contract.ts';
export { contract as parameterContract } from './parameters/contract.ts';
