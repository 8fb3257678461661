export { contract as addressContract } from './addresses/contract.ts';
export { contract as dictionaryContract } from './dictionaries/contract.ts';
