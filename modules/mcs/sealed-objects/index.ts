export { plainSize, SealError } from './header.ts';
export {
  fetchHeader,
  type KeyWrapper,
  openSealed,
  type Sealed,
  seal,
  sealWhole,
  type WrapContext,
  type WrapFor,
} from './sealed-objects.ts';
