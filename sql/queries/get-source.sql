SELECT sources.*, masking_locale FROM sources JOIN projects ON projects.name = project
WHERE project = $1 AND sources.name = $2
