export { plainSize, SealError } from './header.ts';
export { fetchHeader, type KeyWrapper, openSealed, type Sealed, seal, type WrapContext } from './sealed-objects.ts';
