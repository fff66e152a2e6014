-- Views that everybody sees name no visitor any more: those that did are personal, for who saved them. Links drop the values.
UPDATE saved_views SET is_shared = false WHERE is_shared AND query ~ '(^|&)(address|network|around|before)=[^&]';
UPDATE share_links SET query = regexp_replace(query, '(^|&)(address|network|around|before)=[^&]*', '', 'g')
WHERE query ~ '(^|&)(address|network|around|before)=[^&]';
