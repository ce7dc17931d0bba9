{{ config(materialized='view', tags=['account'], meta={'account': 'entity.birth_company'}) }}

-- Companies born here: limited companies held by natural persons and one-person companies, as the World Bank's density
-- counts them.
{{ entity_postings('entity.birth_company', 'e.establishment_date', '1',
                   "e.migration_in_date is null and e.enttype in ('1130', '1150', '1151')") }}
