/** Lifetimes and limits of sign-in. */
export type AuthSettings = {
  code_ttl_s: number;
  access_token_ttl_s: number;
  refresh_token_ttl_s: number;
  /** Of the login pages' own access token. */
  session_ttl_s: number;
  /** Within which the second factor has to be shown. */
  second_factor_ttl_s: number;
  otp_digits: number;
  otp_ttl_s: number;
  otp_attempts: number;
  otp_sends_per_minute: number;
  otp_sends_per_day: number;
  sign_in_failures: number;
  sign_in_window_s: number;
  recovery_ttl_s: number;
  recoveries_per_hour: number;
  password_expiry_days: number;
  password_min_length: number;
  /** How many former passwords may not be taken again. */
  password_history: number;
  /** log2 of scrypt's N; 14 with p = 5 is OWASP's advice. Tests take less. */
  password_cost_log2: number;
  /** Whether new users have to name a phone. */
  second_factor_required: boolean;
};

export const default_settings: AuthSettings = {
  code_ttl_s: 300,
  access_token_ttl_s: 8 * 3_600,
  refresh_token_ttl_s: 30 * 86_400,
  session_ttl_s: 3_600,
  second_factor_ttl_s: 600,
  otp_digits: 6,
  otp_ttl_s: 300,
  otp_attempts: 3,
  otp_sends_per_minute: 3,
  otp_sends_per_day: 30,
  sign_in_failures: 10,
  sign_in_window_s: 600,
  recovery_ttl_s: 1_500,
  recoveries_per_hour: 5,
  password_expiry_days: 90,
  password_min_length: 12,
  password_history: 5,
  password_cost_log2: 14,
  second_factor_required: false,
};
