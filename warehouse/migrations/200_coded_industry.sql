-- A blank INDUSTRYCO is coded from OPSCOPE: registrations are coded anew, so that the next build counts their sections.
alter table if exists register.reg_entity add column if not exists industry_is_coded boolean;
delete from register.coding where source = 'registrations';
