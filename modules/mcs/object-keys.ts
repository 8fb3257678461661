import { type KeyStore, openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import type { KeyWrapper, WrapContext } from './sealed-objects/index.ts';

/** Keys of objects, wrapped under the keys of their owners. */
export type ObjectKeys = KeyWrapper & {
  /** Wraps a key for another owner; the file is not touched. */
  rewrap(wrapped: Uint8Array, context: WrapContext, new_owner_id: string): Promise<Uint8Array>;
  /** Forgets the owner's key: all that is wrapped under it is gone, in backups too. */
  drop(owner_id: string): Promise<void>;
  /** Wraps keys of older generations of the provider's anew. @returns how many. */
  rotate(batch: number): Promise<number>;
};

export function createObjectKeys(keys: KeyStore): ObjectKeys {
  const wrap: ObjectKeys['wrap'] = async (key, context) =>
    sealEnvelope(await keys.getOrCreate(context.owner_id), key, associated(context));
  const unwrap: ObjectKeys['unwrap'] = async (wrapped, context) => {
    const owner_key = await keys.find(context.owner_id);
    if (!owner_key) throw new Error('The key of the owner was dropped: the object is erased');
    return openEnvelope(owner_key, wrapped, associated(context));
  };
  return {
    wrap,
    unwrap,
    rewrap: async (wrapped, context, owner_id) => wrap(await unwrap(wrapped, context), { ...context, owner_id }),
    drop: async (owner_id) => {
      await keys.drop(owner_id);
    },
    rotate: (batch) => keys.rewrap(batch),
  };
}

function associated({ owner_id, object_id }: WrapContext): Buffer {
  return Buffer.from(`mcs object ${object_id} of ${owner_id} schema 1`);
}
