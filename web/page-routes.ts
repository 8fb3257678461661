import { contract as auth } from '@zdravo/auth/contract';
import { dictionaryContract as dictionaries, employeeRequestContract as staff } from '@zdravo/il/contract';
import { contract as reports } from '@zdravo/reports/contract';

/** The routes of the public API that the pages call. The bundle carries their addresses; the rest of them is types. */
export const page_routes = {
  createToken: auth.createToken,
  initFactor: auth.initFactor,
  approveFactor: auth.approveFactor,
  getClientDetails: auth.getClientDetails,
  getApp: auth.getApp,
  authorizeApp: auth.authorizeApp,
  startRecovery: auth.startRecovery,
  finishRecovery: auth.finishRecovery,
  getInvite: staff.getInvite,
  createInvitedUser: staff.createInvitedUser,
  approveEmployeeRequest: staff.approveEmployeeRequest,
  rejectEmployeeRequest: staff.rejectEmployeeRequest,
  listDictionaries: dictionaries.listDictionaries,
  mainStats: reports.mainStats,
  listPublishedReports: reports.listPublishedReports,
};
