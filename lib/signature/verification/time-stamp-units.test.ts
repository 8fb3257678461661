import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import {
  createCertificateAuthority,
  issueCertificate,
  one_signature,
  sign,
  upgradeContainer,
  verify,
} from '../index.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import {
  type Answer,
  at,
  authority,
  both,
  container,
  content,
  crl,
  hours,
  ocsp,
  required,
  serial,
  sources,
  stamp,
  trust,
  unit,
  validity,
} from '../testing/proofs.ts';
import { addProofs } from '../upgrade/upgrade.ts';
import { readCertificate } from '../x509/certificate.ts';

// A time-stamp is worth what its unit's certificate is worth.

/** An expired certificate, stamped while it was valid: everything hangs on the stamp. */
const expired = issueCertificate(authority, { common_name: 'Expired', not_before: hours(-48), not_after: hours(2) });
const held_by_stamp = addProofs(sign(content, expired), {
  time_stamps: (signature) => [stamp(signature, hours(1))],
});
const status_of_signer = ocsp({ about: expired, this_update: hours(2) });

async function heldBy(revocation_data: RevocationData, policy = one_signature) {
  const result = await verify(held_by_stamp, policy, trust, { at: hours(10), revocation_data });
  const { level, best_signature_time } = result.signatures[0]!;
  return [result.sub_indication ?? result.indication, level, best_signature_time];
}
const holds = ['TOTAL_PASSED', 'B-T', hours(1).toISOString()];
const falls = ['OUT_OF_BOUNDS_NO_POE', 'B-B', hours(10).toISOString()];

test('a time-stamp proves nothing when its unit was revoked, unless the reason clears the key and came later', async () => {
  const unit_serial = readCertificate(unit.certificate).serial;
  const unitBy = (status: Answer['status']) =>
    ocsp({ about: unit, this_update: hours(3), ...(status ? { status } : {}) });
  const unitIn = (told: Date | { at: Date; reason: number }) => crl([[unit_serial, told]], hours(3));
  assert.deepEqual(await heldBy(unitBy('good')), holds);
  const superseded = 4;
  const compromised = 1;
  for (const one of [unitBy, unitIn]) {
    assert.deepEqual(await heldBy(one({ at: hours(2), reason: superseded })), holds, 'later, and the key was safe');
    assert.deepEqual(await heldBy(one({ at: hours(0.5), reason: superseded })), falls, 'before it stamped');
    assert.deepEqual(
      await heldBy(one({ at: hours(2), reason: compromised })),
      falls,
      'whoever had the key may have stamped',
    );
    assert.deepEqual(await heldBy(one(hours(2))), falls, 'without a reason the key may be known (RFC 3161 §4)');
  }
  assert.deepEqual(await heldBy(unitBy('unknown')), falls, 'disowned');
});

test('a unit of unknown status: the policy decides, and a stranger’s word is none', async () => {
  const required_and_signer_good = (more: RevocationData = {}) => heldBy(both(status_of_signer, more), required);
  assert.deepEqual(await heldBy({}), holds);
  assert.deepEqual(await required_and_signer_good(), falls);
  assert.deepEqual(await required_and_signer_good(ocsp({ about: unit, this_update: hours(3) })), holds);
  const rogue = createCertificateAuthority({ name: 'Authority', ...validity });
  const rogue_list = crl([[readCertificate(unit.certificate).serial, hours(0.5)]], hours(3), rogue);
  assert.deepEqual(await heldBy(rogue_list), holds);
});

test('B-LT needs the status of the unit as well, and the upgrade collects it', async () => {
  const asked: string[] = [];
  const upgraded = await upgradeContainer(
    container,
    one_signature,
    trust,
    {
      ...sources,
      revocation: async (need) => {
        asked.push(readCertificate(need.certificate).subject_name.get(oids.common_name)![0]!);
        return sources.revocation(need);
      },
    },
    { at },
  );
  assert.deepEqual(asked.toSorted(), ['Doctor', 'TSA']);
  assert.equal(upgraded.result.signatures[0]?.level, 'B-LT');
  const silent_about_unit: typeof sources.revocation = async (need) =>
    readCertificate(need.certificate).serial === serial ? sources.revocation(need) : undefined;
  const without = await upgradeContainer(
    container,
    one_signature,
    trust,
    { ...sources, revocation: silent_about_unit },
    { at },
  );
  assert.equal(without.result.signatures[0]?.level, 'B-T');
});
