-- Reports see the employments of those who care for patients or dispense medicines, not of the office staff.
-- A row filter may only look at the replica identity; an employment's type never changes.
alter table prm.employees replica identity using index employees_id_type;
alter publication prm_partners set table
  prm.legal_entities (id, name, short_name, public_name, type, edrpou, status, is_active, nhs_verified, inserted_at, updated_at, addresses),
  prm.divisions (id, legal_entity_id, name, type, status, is_active, mountain_group, addresses, phones, email, location_longitude, location_latitude),
  prm.employees (id, party_id, division_id, legal_entity_id, employee_type, position, status, is_active, start_date, end_date, speciality)
    where (employee_type in ('DOCTOR', 'PHARMACIST')),
  prm.parties (id, first_name, last_name, second_name),
  prm.status_history (position, resource, resource_id, status, is_active, changed_at);
