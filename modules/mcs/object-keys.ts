import { type KeyStore, openEnvelope, type RewrapOptions, type Rewrapped, sealEnvelope } from '@zdravo/kit/keys';
import { type KeyWrapper, SealError, type WrapContext } from './sealed-objects/index.ts';

/** Keys of objects, wrapped under the keys of their owners. */
export type ObjectKeys = KeyWrapper & {
  /** Wraps a key for another owner; the file is not touched. */
  rewrap(wrapped: Uint8Array, context: WrapContext, new_owner_id: string): Promise<Uint8Array>;
  /** Forgets the owner's key: all that is wrapped under it is gone, in backups too. */
  drop(owner_id: string): Promise<void>;
  /** Wraps the owners' keys anew under the provider's newest generation; neither files nor the objects' own keys change. */
  rotate(options: RewrapOptions): Promise<Rewrapped>;
};

export function createObjectKeys(keys: KeyStore): ObjectKeys {
  const wrap: ObjectKeys['wrap'] = async (key, context) =>
    sealEnvelope(await keys.getOrCreate(context.owner_id), key, associated(context));
  const unwrap: ObjectKeys['unwrap'] = async (wrapped, context) => {
    const owner_key = await keys.find(context.owner_id);
    if (!owner_key) throw new SealError('erased', 'The key of the owner was dropped');
    return openEnvelope(owner_key, wrapped, associated(context));
  };
  return {
    wrap,
    unwrap,
    rewrap: async (wrapped, context, owner_id) => wrap(await unwrap(wrapped, context), { ...context, owner_id }),
    drop: async (owner_id) => {
      await keys.drop(owner_id);
    },
    rotate: (options) => keys.rewrap(options),
  };
}

function associated({ owner_id, object_id }: WrapContext): Buffer {
  return Buffer.from(`mcs object ${object_id} of ${owner_id} schema 1`);
}
