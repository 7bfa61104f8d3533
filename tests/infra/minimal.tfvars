project_id = "demo-project"
