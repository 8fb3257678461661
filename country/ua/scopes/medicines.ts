import { scopeTexts } from './texts.ts';

/** Medicines, prescriptions and their dispensing. */
export const medicine_scopes = scopeTexts(`
drugs:read | Переглядати лікарські засоби, які можна призначити | See the medicines that can be prescribed
innm:read | Переглядати міжнародні назви діючих речовин | See the international names of substances
innm:write | Додавати та змінювати міжнародні назви діючих речовин | Add and change international names of substances
innm_dosage:read | Переглядати дозування та форми випуску | See dosages and forms
innm_dosage:write | Додавати та змінювати дозування та форми випуску | Add and change dosages and forms
innm_dosage:deactivate | Вилучати дозування та форми випуску з обігу | Withdraw dosages and forms
medication:read | Переглядати торгові назви лікарських засобів | See brands of medicines
medication:write | Додавати та змінювати торгові назви лікарських засобів | Add and change brands of medicines
medication:deactivate | Вилучати торгові назви лікарських засобів з обігу | Withdraw brands of medicines
medical_program:read | Переглядати програми відшкодування | See reimbursement programmes
medical_program:write | Створювати програми відшкодування | Create reimbursement programmes
medical_program:deactivate | Закривати програми відшкодування | Close reimbursement programmes
program_medication:read | Переглядати лікарські засоби програми | See the medicines of a programme
program_medication:write | Додавати лікарські засоби до програми | Add medicines to a programme
program_medication:deactivate | Вилучати лікарські засоби з програми | Remove medicines from a programme
medication_request_request:read | Переглядати заявки на рецепт | See prescription requests
medication_request_request:write | Створювати заявки на рецепт | Create prescription requests
medication_request_request:sign | Надсилати підписані лікарем рецепти | Submit prescriptions signed by the doctor
medication_request_request:reject | Відхиляти заявки на рецепт | Reject prescription requests
medication_request:read | Переглядати перелік рецептів | See the list of prescriptions
medication_request:details | Переглядати рецепт за його номером | See a prescription by its number
medication_request:reject | Відкликати рецепти | Withdraw prescriptions
medication_request:resend | Повторно надсилати пацієнтові номер рецепта | Send the patient the prescription’s number again
medication_dispense:read | Переглядати відпуск ліків за рецептами | See medicines dispensed on prescriptions
medication_dispense:write | Оформлювати відпуск ліків за рецептом | Record that a prescription is being dispensed
medication_dispense:process | Підтверджувати відпуск ліків | Confirm that medicines were dispensed
medication_dispense:reject | Скасовувати відпуск ліків | Cancel a dispense
`);
