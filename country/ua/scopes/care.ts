import { scopeTexts } from './texts.ts';

/** Declarations, patients, clinics, staff and the payer's work with them. */
export const care_scopes = scopeTexts(`
declaration:approve | Підтверджувати декларації, що очікують перевірки | Approve declarations that await verification
declaration:read | Переглядати декларації | See declarations
declaration:reject | Відхиляти декларації, що очікують перевірки | Reject declarations that await verification
declaration:terminate | Припиняти декларації | End declarations
declaration:write | Змінювати стан декларацій | Change the state of declarations
declaration_documents:read | Переглядати скановані документи, додані до декларації | See the scanned documents added to a declaration
declaration_request:approve | Підтверджувати заявки на декларацію | Confirm declaration requests
declaration_request:read | Переглядати заявки на декларацію | See declaration requests
declaration_request:reject | Відхиляти заявки на декларацію | Reject declaration requests
declaration_request:sign | Надсилати підписані лікарем декларації | Submit declarations signed by the doctor
declaration_request:terminate | Скасовувати заявки на декларацію | Cancel declaration requests
declaration_request:write | Створювати заявки на декларацію з даними пацієнта | Create declaration requests with a patient’s data
declaration_request_images:read | Переглядати скановані документи пацієнта із заявки | See the scanned patient documents of a request
digital_signature:verify | Перевіряти електронні підписи документів | Verify the electronic signatures of documents
person:read | Шукати пацієнта та переглядати його декларацію | Look for a patient and see their declaration
person:details | Переглядати всі дані знайденого пацієнта без декларації | See all data of a found patient without a declaration
search_lock:lift | Знову дозволяти пошук пацієнтів після перевірки | Allow patient search again after looking into it
search_canary:read | Бачити, хто шукає пацієнтів навмання | See who searches for patients at random
person:unmerge | Роз’єднувати помилково об’єднані записи пацієнтів | Part patients whose records were merged by mistake
person_review:read | Бачити якість зіставлення записів пацієнтів | See how well patients’ records are matched
person_review:write | Вирішувати, чи два записи належать одній людині | Decide whether two records are one person’s
linkage_model:write | Навчати й вимірювати модель зіставлення, запускати повну звірку записів | Train and measure the matching model, start a full comparison of records
linkage_model:approve | Дозволяти моделі об’єднувати записи самостійно | Let a model merge records by itself
person:write | Змінювати персональні дані пацієнта | Change a patient’s personal data
person_erasure:read | Переглядати розпорядження про стирання даних осіб | See orders to erase persons’ data
person_erasure:write | Видавати розпорядження про стирання даних особи | Order the erasure of a person’s data
person_erasure:approve | Затверджувати стирання даних особи за розпорядженням іншої посадової особи | Approve the erasure of a person’s data that another officer ordered
person:reset_authentication_method | Скидати спосіб підтвердження особи пацієнта | Reset the way a patient confirms their identity
otp:read | Перевіряти, чи підтверджено номер телефону | Check whether a phone number is confirmed
otp:write | Надсилати коди на номер телефону та перевіряти їх | Send codes to a phone number and check them
legal_entity:read | Переглядати дані закладів | See the data of clinics and pharmacies
legal_entity:write | Реєструвати заклади та змінювати їхні дані | Register clinics and pharmacies and change their data
legal_entity:mis_verify | Підтверджувати заклад від імені медичної інформаційної системи | Verify a clinic on behalf of the medical information system
legal_entity:nhs_verify | Підтверджувати заклад від імені Національної служби здоров’я | Verify a clinic on behalf of the National Health Service
legal_entity:deactivate | Закривати заклади | Close clinics and pharmacies
division:read | Переглядати перелік підрозділів | See the list of divisions
division:details | Переглядати дані підрозділу | See the details of a division
division:write | Створювати та змінювати підрозділи | Create and change divisions
division:activate | Відновлювати роботу підрозділу | Reopen a division
division:deactivate | Припиняти роботу підрозділу | Close a division
employee:read | Переглядати перелік працівників | See the list of staff
employee:details | Переглядати дані працівника | See the details of a member of staff
employee:write | Змінювати дані працівників | Change the data of staff
employee:deactivate | Звільняти працівників | Dismiss staff
employee_request:read | Переглядати запрошення працівників | See invitations of staff
employee_request:write | Створювати запрошення працівників | Create invitations of staff
employee_request:approve | Приймати запрошення на роботу від вашого імені | Accept an invitation to work in your name
employee_request:reject | Відхиляти запрошення на роботу від вашого імені | Decline an invitation to work in your name
party_user:read | Переглядати зв’язок облікових записів із працівниками | See which accounts belong to which staff
bl_user:read | Переглядати перелік осіб, яким заборонено роботу в системі | See the list of people barred from the system
bl_user:write | Забороняти особі роботу в системі | Bar a person from the system
bl_user:deactivate | Знімати заборону роботи в системі | Lift a bar from a person
contract:read | Переглядати договори | See contracts
contract:write | Змінювати договори | Change contracts
contract:terminate | Припиняти договори | End contracts
contract_request:create | Створювати заяви на договір | Create contract requests
contract_request:read | Переглядати заяви на договір | See contract requests
contract_request:update | Змінювати заяви на договір | Change contract requests
contract_request:approve | Погоджувати заяви на договір | Approve contract requests
contract_request:sign | Підписувати договори | Sign contracts
contract_request:terminate | Відкликати заяви на договір | Withdraw contract requests
register:read | Переглядати завантажені реєстри | See uploaded registers
register:write | Завантажувати реєстри | Upload registers
register_entry:read | Переглядати записи завантажених реєстрів | See the entries of uploaded registers
capitation_report:read | Переглядати звіти про капітаційні виплати | See reports on capitation payments
capitation_report:write | Обчислювати та публікувати капітаційні виплати | Compute and publish capitation payments
decision_table:read | Переглядати таблиці рішень | See decision tables
decision_table:write | Змінювати чернетки таблиць рішень | Change drafts of decision tables
decision_table:publish | Вводити таблиці рішень у дію | Put decision tables into force
decision:decide | Отримувати рішення за таблицями | Get decisions by the tables
decision:read | Переглядати ухвалені рішення | See decisions that were made
signal:read | Переглядати ознаки зловживань | See signs of fraud
signal:write | Опрацьовувати ознаки зловживань | Work on signs of fraud
reimbursement_report:read | Переглядати звіт свого закладу про відшкодування | See your organisation’s reimbursement report
reimbursement_report:download | Завантажувати звіт про відшкодування всіх закладів | Download the reimbursement report of all organisations
cabinet:read | Входити до кабінету пацієнта | Enter the patient’s cabinet
episode:read | Переглядати епізоди медичної допомоги | See episodes of care
episode:write | Створювати та змінювати епізоди медичної допомоги | Create and change episodes of care
encounter:write | Записувати відвідування лікаря | Record visits to the doctor
condition:read | Переглядати стани та діагнози | See conditions and diagnoses
observation:read | Переглядати результати спостережень | See observations
job:read | Переглядати стан тривалих завдань | See the state of long-running jobs
event:read | Отримувати повідомлення про зміни стану | Receive notices of changed states
`);
