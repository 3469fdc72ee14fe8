from django.contrib.auth.decorators import login_not_required
from django.urls import path

from users.access import reads
from users.views import account, people, preferences, profile, signing_in

app_name = "users"
urlpatterns = [
    path("login/", reads(signing_in.sign_in), name="login"),
    path("logout/", login_not_required(reads(signing_in.sign_out)), name="logout"),
    path("password/reset/", reads(signing_in.reset), name="password_reset"),
    path("password/reset/sent/", signing_in.reset_sent, name="password_reset_sent"),
    path("password/set/<uidb64>/<token>/", reads(signing_in.set_password), name="password_set"),
    path("language/", preferences.language, name="language"),
    path("theme/", preferences.theme, name="theme"),
    path("profile/", profile.profile, name="profile"),
    path("profile/password/", profile.password, name="password"),
    path("users/", people.people, name="list"),
    path("users/new/", people.create, name="create"),
    path("users/<int:pk>/", people.edit, name="edit"),
    path("users/<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("users/<int:pk>/reactivate/", people.reactivate, name="reactivate"),
    path("users/<int:pk>/link/", people.send_link, name="send_link"),
    path("account/", account.account, name="account"),
]
