/** Each has key-encryption keys of its own. */
export const modules_with_keys = [
  'auth',
  'il',
  'mcs',
  'ops',
  'mpi',
  'mpi-linkage',
  'mpi-linker',
  'mpi-review',
  'mpi-reviewer',
  'reports',
];
