/** Whom a legal entity of each type may employ (domain.md §2.3, environment-level configuration). */
export const employee_types: Readonly<Record<string, readonly string[]>> = {
  MSP: ['OWNER', 'HR', 'DOCTOR', 'ADMIN'],
  PHARMACY: ['PHARMACY_OWNER', 'PHARMACIST', 'HR'],
};

/** Which places it may have. */
export const division_types: Readonly<Record<string, readonly string[]>> = {
  MSP: ['CLINIC', 'AMBULANT_CLINIC', 'FAP'],
  PHARMACY: ['DRUGSTORE', 'DRUGSTORE_POINT'],
};

/** Who heads it: general director, director, chief physician, chief, manager, and those who act for them. */
export const owner_positions: readonly string[] = ['P1', 'P2', 'P3', 'P4', 'P5', 'P19', 'P22', 'P23', 'P24', 'P25'];
