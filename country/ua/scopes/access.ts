import { scopeTexts } from './texts.ts';

/** Accounts, programs, roles, and the platform's settings. */
export const access_scopes = scopeTexts(`
address:read | Переглядати довідник адрес | See the register of addresses
address:write | Змінювати довідник адрес | Change the register of addresses
dictionary:read | Переглядати довідники | See the dictionaries
dictionary:write | Змінювати довідники | Change the dictionaries
global_parameters:read | Переглядати параметри системи | See the system’s parameters
global_parameters:write | Змінювати параметри системи | Change the system’s parameters
app:authorize | Надавати програмам доступ від вашого імені | Give programs access in your name
app:read | Переглядати надані програмам дозволи | See the access given to programs
app:write | Змінювати надані програмам дозволи | Change the access given to programs
app:delete | Відкликати надані програмам дозволи | Withdraw the access given to programs
authentication_factor:read | Переглядати другий чинник входу користувачів | See users’ second factors of sign-in
authentication_factor:write | Змінювати другий чинник входу користувачів | Change users’ second factors of sign-in
client:read | Переглядати підключені програми та заклади | See connected programs and organisations
client:write | Підключати програми та заклади | Connect programs and organisations
client:delete | Від’єднувати програми та заклади | Disconnect programs and organisations
client_type:read | Переглядати типи підключень | See the types of connection
client_type:write | Змінювати типи підключень | Change the types of connection
client_type:delete | Видаляти типи підключень | Delete types of connection
connection:read | Переглядати з’єднання закладу з медичними інформаційними системами | See an organisation’s connections to medical information systems
connection:write | Змінювати з’єднання закладу з медичними інформаційними системами | Change an organisation’s connections to medical information systems
connection:delete | Видаляти з’єднання закладу з медичними інформаційними системами | Delete an organisation’s connections to medical information systems
connection:refresh_secret | Замінювати секретний ключ з’єднання | Replace a connection’s secret key
secret:refresh | Замінювати секретний ключ свого закладу | Replace your organisation’s secret key
role:read | Переглядати ролі | See roles
role:write | Змінювати ролі | Change roles
role:delete | Видаляти ролі | Delete roles
session:read | Переглядати власний сеанс роботи | See your own session
session:write | Змінювати власний сеанс роботи | Change your own session
token:read | Переглядати відомості про видані ключі доступу | See the issued access tokens
token:write | Видавати ключі доступу | Issue access tokens
token:delete | Відкликати ключі доступу | Revoke access tokens
user:read | Переглядати облікові записи | See accounts
user:write | Створювати та змінювати облікові записи | Create and change accounts
user:delete | Видаляти облікові записи | Delete accounts
user:block | Блокувати облікові записи | Block accounts
user:unblock | Розблоковувати облікові записи | Unblock accounts
user:change_password | Змінювати пароль вашого облікового запису | Change the password of your account
user:request_factor | Під’єднувати телефон для підтвердження входу | Add a phone to confirm sign-in
user:approve_factor | Підтверджувати телефон для входу | Confirm the phone for sign-in
`);
