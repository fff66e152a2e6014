-- Links may show the totals of analytics too, and the log may be saved as a view.
ALTER TABLE share_links ADD COLUMN path text NOT NULL DEFAULT '/reports' CHECK (path IN ('/reports', '/analytics'));
ALTER TABLE saved_views DROP CONSTRAINT saved_views_path_check;
ALTER TABLE saved_views ADD CONSTRAINT saved_views_path_check CHECK (path IN ('/reports', '/analytics', '/clicks'));
