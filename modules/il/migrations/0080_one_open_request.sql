-- A newer request of a patient to the same doctor ends the open one (domain.md §3.4 step 7), also when both come at once.
set local search_path to il;

update declaration_requests request set status = 'CANCELLED', sealed_data = null
  where status in ('NEW', 'APPROVED')
    and exists (
      select 1 from declaration_requests newer
      where newer.person_hmac = request.person_hmac and newer.employee_id = request.employee_id
        and newer.status in ('NEW', 'APPROVED')
        and (newer.inserted_at, newer.id) > (request.inserted_at, request.id));

create unique index declaration_requests_one_open on declaration_requests (person_hmac, employee_id)
  where status in ('NEW', 'APPROVED');
drop index declaration_requests_person;
