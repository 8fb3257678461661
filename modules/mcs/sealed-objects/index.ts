export { plainSize, SealError } from './header.ts';
export {
  fetchHeader,
  type KeyWrapper,
  openSealed,
  type Sealed,
  seal,
  type WrapContext,
  type WrapFor,
} from './sealed-objects.ts';
