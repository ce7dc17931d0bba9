set local role bureau_owner;

comment on column ledger.build.digest_method is
'1: over the postings'' lines, in the order of the lines; 2: over the sha256 of each line, in the order of these; '
'3: over the digests of the accounts, each over the sha256 of its lines, in the order of these';
